import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseProofFigures } from './proofFigures.ts'

const page = readFileSync(new URL('../../docs/benchmarks/proofs.md', import.meta.url), 'utf8')

const table = `
                         heart 13-1      digits 784-32-10
rows of a batch                  16                     8
ms to prove                     758        1,332 of 3,000
proof, kB                      72.4         96.9 of 115.0
gas                       3,231,359  4,189,480 of 5,000,000
steps of an epoch                13                   750
`

describe('The figures of proving', () => {
  it('are those of the table, without their targets', () => {
    expect(parseProofFigures(table)).toEqual([
      { model: 'heart 13-1', proveMs: 758, proofKb: 72.4, gas: 3_231_359, steps: 13 },
      { model: 'digits 784-32-10', proveMs: 1332, proofKb: 96.9, gas: 4_189_480, steps: 750 },
    ])
  })

  it('are found in the page as it was last written', () => {
    const models = parseProofFigures(page).map(({ model }) => model)
    expect(models).toEqual(['heart 13-1', 'heart 13-16-1', 'breast 30-16-2', 'digits 784-32-10'])
  })

  it('are not guessed where the page lacks one', () => {
    expect(() => parseProofFigures(table.replace('gas ', 'gus '))).toThrow('gas')
    expect(() => parseProofFigures(table.replace('758', '–'))).toThrow(RangeError)
    expect(() => parseProofFigures('')).toThrow(RangeError)
  })
})
