import { beforeAll, describe, expect, it } from 'vitest'
import { gammasOf, orderOf, signsOf } from '../audit/game/roundDraws.ts'
import { tinyParameters } from '../audit/stark/testing.ts'
import { roundAir } from '../audit/training/roundAir.ts'
import type { RoundShape } from '../audit/training/roundShape.ts'
import { proveRound, roundCase, smallShape } from '../audit/training/roundTesting.ts'
import { contextOf, dataLeaf, elementsOf, traceOf } from '../audit/training/statement.ts'
import { bytesToHex, hexToBytes } from '../crypto/bytes.ts'
import type { Hex } from '../study/types.ts'
import { type AuditCase, type AuditCheckName, type AuditFinding, checkAudit } from './auditCheck.ts'

const word = (digit: string): Hex => `0x${digit.repeat(64)}`
const hospital = '0x00000000000000000000000000000000000000b2'
const tinyAir = (shape: RoundShape) => roundAir(shape, tinyParameters)
const member = 2

/** A hospital's proof as the chain holds it, of a small round whose draws follow from a seed. */
async function caseOf(changes: Partial<RoundShape>): Promise<AuditCase> {
  const shape = smallShape(changes)
  const drawn = roundCase(shape)
  const { contribution } = drawn.plan
  const question = { draw: { seed: word('5'), member, contribution }, beacon: word('b') }
  const seed = hexToBytes(question.draw.seed)
  const of = {
    ...drawn,
    plan: { order: orderOf(seed, member, shape.steps), signs: signsOf(seed, member, shape.steps), contribution },
    ...(shape.blinded && { gammas: gammasOf(hexToBytes(question.beacon), member) }),
  }
  const record = { round: 3, hospital, trace: word('0') } as const
  const context = contextOf({ domainSeparator: word('d'), hospital, round: 3, contribution, products: [] })
  const { statement, externals, proof } = await proveRound(of, context)
  const [data, after] = externals
  const pin = data?.pin ?? [0n, 0n]
  const [root, afterRoot] = [data?.root ?? new Uint8Array(24), after?.root ?? new Uint8Array(24)]
  const phi = shape.blinded ? statement.inputs.slice(-4, -2) : [0n, 0n]
  return {
    answer: {
      ...{ data: bytesToHex(root), pin, afterRoot: bytesToHex(afterRoot), start: elementsOf(of.start), products: [] },
      phi: [phi[0] ?? 0n, phi[1] ?? 0n],
    },
    proof,
    record: { ...record, trace: traceOf(afterRoot, of.start) },
    question,
    terms: { domainSeparator: word('d'), key: of.round.air.key },
    parameters: tinyParameters,
    shape,
    said: { ...shape, noised: shape.noise !== null },
    pinned: dataLeaf(root, pin),
  }
}

function found(given: AuditCase): AuditFinding {
  return checkAudit(given, undefined, tinyAir)
}

describe.each<readonly [string, Partial<RoundShape>]>([
  ['plain', {}],
  ['with noise', { noise: { bits: 30, squaredNorm: 2 ** 26 } }],
  ['masked, with noise', { noise: { bits: 30, squaredNorm: 2 ** 26 }, blinded: true }],
])('a proof of a round that is %s', (_, changes) => {
  it('holds, from what the chain says alone', async () => {
    const given = await caseOf(changes)
    const told: AuditCheckName[] = []
    expect(checkAudit(given, check => told.push(check), tinyAir)).toEqual({ holds: true, rulesAreKnown: true })
    expect(told).toEqual(['rules', 'data', 'update', 'proof'])
    expect(found({ ...given, shape: null })).toEqual({ holds: true, rulesAreKnown: false })
  })
})

describe('a proof does not hold', () => {
  let given: AuditCase
  beforeAll(async () => {
    given = await caseOf({ noise: { bits: 30, squaredNorm: 2 ** 26 }, blinded: true })
  })
  const failing = (check: AuditCheckName) => ({ holds: false, check })

  it('where the chain holds other rules than the study’s', () => {
    expect(found({ ...given, terms: { ...given.terms, key: tinyAir(smallShape()).air.key } })).toEqual(failing('rules'))
    const weaker = { ...tinyParameters, queries: 1 }
    expect(found({ ...given, parameters: weaker })).toEqual(failing('rules'))
  })

  it('for other patients than those that were committed to', () => {
    expect(found({ ...given, pinned: word('1') })).toEqual(failing('data'))
    const { answer } = given
    expect(found({ ...given, answer: { ...answer, pin: [answer.pin[1], answer.pin[0]] } })).toEqual(failing('data'))
  })

  it('for another update, and for weights that are none', () => {
    expect(found({ ...given, record: { ...given.record, trace: word('1') } })).toEqual(failing('update'))
    const [, ...others] = given.answer.start
    const starting = (first: bigint) => found({ ...given, answer: { ...given.answer, start: [first, ...others] } })
    expect(starting(7n)).toEqual(failing('update'))
    expect(starting(2n ** 63n)).toEqual(failing('update'))
  })

  it.each<readonly [string, (of: AuditCase) => AuditCase]>([
    ['another round', of => ({ ...of, record: { ...of.record, round: 4 } })],
    ['another study', of => ({ ...of, terms: { ...of.terms, domainSeparator: word('e') } })],
    ['another seed', of => ({ ...of, question: { ...of.question, draw: { ...of.question.draw, seed: word('6') } } })],
    ['another beacon', of => ({ ...of, question: { ...of.question, beacon: word('c') } })],
    ['another sum', of => ({ ...of, answer: { ...of.answer, phi: [1n, 2n] } })],
  ])('for %s', (_, change) => {
    expect(found(change(given))).toMatchObject({ ...failing('proof'), refusal: expect.any(String) })
  })

  it('with a byte changed, or with none', () => {
    const { proof } = given
    const at = proof.length >> 1
    expect(found({ ...given, proof: proof.with(at, (proof[at] ?? 0) ^ 1) })).toMatchObject(failing('proof'))
    expect(found({ ...given, proof: new Uint8Array(0) })).toEqual({ ...failing('proof'), refusal: 'malformed' })
  })
})
