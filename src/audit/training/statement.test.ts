import { encodeAbiParameters, keccak256, stringToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../crypto/bytes.ts'
import { MODULUS } from '../../field/Field.ts'
import { add, multiply } from '../../field/goldilocks.ts'
import type { Address, Hex } from '../../study/types.ts'
import { tinyParameters } from '../stark/testing.ts'
import { roundAir } from './roundAir.ts'
import { roundCase, smallShape } from './roundTesting.ts'
import { contextOf, dataLeaf, direction, elementsOf, phiOf, roundInputs, traceOf } from './statement.ts'

const noise = { bits: 30, squaredNorm: 2 ** 26 }
const root = Uint8Array.from({ length: 24 }, (_, i) => 0xa0 + i)
const encode = (types: readonly string[], values: readonly unknown[]): Hex =>
  keccak256(
    encodeAbiParameters(
      types.map(type => ({ type })),
      values,
    ),
  )

describe('what a hospital says on the chain', () => {
  it('of its data is the hash of the encoded root and pin', () => {
    const pin = [5n, MODULUS - 1n] as const
    const encoded = encode(['bytes24', 'uint64', 'uint64'], [bytesToHex(root), ...pin])
    expect(dataLeaf(root, pin)).toBe(encoded)
    expect(dataLeaf(root, pin)).toBe('0x66dd7bb29979a77c52c9396f50a046ae7da10ea01a05eec43bd6b9272c2434b5')
  })

  it('of a round is the hash of the encoded root and start, as elements', () => {
    const start = BigInt64Array.of(1n, -1n, 0n, -(2n ** 36n))
    const elements = [1n, MODULUS - 1n, 0n, MODULUS - 2n ** 36n]
    expect(traceOf(root, start)).toBe(encode(['bytes24', 'uint64[]'], [bytesToHex(root), elements]))
    expect(traceOf(root, start)).toBe('0x0f422ac312bfeab9b990270696bbda7ace8093b7b9096c6813ba5bb1747fcedf')
    expect(elementsOf(start)).toEqual(elements)
  })

  it('is for a context: contract, hospital, round, contribution, what is said of masks', () => {
    const domainSeparator: Hex = `0x${'c3'.repeat(32)}`
    const hospital: Address = '0x00112233445566778899aabbccddeeff00112233'
    const products = [5n, MODULUS - 1n]
    const where = { domainSeparator, hospital, round: 258, contribution: 7, products }
    const tag = keccak256(stringToHex('wardround/round/1'))
    const types = ['bytes32', 'bytes32', 'address', 'uint16', 'uint16', 'bytes32']
    const said = (list: readonly bigint[]) => encode(['uint64[]'], [list])
    const encoded = encode(types, [tag, domainSeparator, hospital, 258, 7, said(products)])
    expect(bytesToHex(contextOf(where))).toBe(encoded)
    const nothing = encode(types, [tag, domainSeparator, hospital, 258, 7, said([])])
    expect(bytesToHex(contextOf({ ...where, products: [] }))).toBe(nothing)
  })
})

describe('the inputs of a round', () => {
  const plan = { order: [2, 0, 1], signs: [1, -1, -1] as const, contribution: 1 }
  const start = BigInt64Array.of(3n, -2n, 0n, 1n)
  const [times, weights] = [
    [1n, 2n, 0n],
    [3n, MODULUS - 2n, 0n, 1n],
  ]

  it('are the start, when each batch is trained, its sign, whose noise is picked, gammas and phi', () => {
    const signs = [1n, MODULUS - 1n, MODULUS - 1n]
    expect(roundInputs(smallShape(), { start, plan })).toEqual([...weights, ...times])
    expect(roundInputs(smallShape({ noise }), { start, plan })).toEqual([...weights, ...times, ...signs, 0n, 1n])
    const said = { gammas: [8n, 9n], phi: [10n, 11n] } as const
    const blinded = roundInputs(smallShape({ noise, blinded: true }), { start, plan, ...said })
    expect(blinded).toEqual([...weights, ...times, ...signs, 0n, 1n, 8n, 9n, 10n, 11n])
  })

  it('are as many as the AIR has', () => {
    for (const changes of [{}, { noise }, { blinded: true }, { noise, blinded: true }]) {
      const shape = smallShape(changes)
      const said = shape.blinded ? ({ gammas: [1n, 2n], phi: [3n, 4n] } as const) : {}
      const { air } = roundAir(shape, tinyParameters)
      expect(roundInputs(shape, { start, plan, ...said })).toHaveLength(air.inputs.length)
    }
    const { inputs } = roundAir(smallShape({ noise, blinded: true }), tinyParameters).air
    const names = 'start0 start1 start2 start3 time0 time1 time2 sign0 sign1 sign2 pick0 pick1 gamma0 gamma1 phi0 phi1'
    expect(inputs).toEqual(names.split(' '))
  })

  it('are refused where they are not of the shape', () => {
    const shape = smallShape()
    expect(() => roundInputs(shape, { start: start.subarray(1), plan })).toThrow(RangeError)
    expect(() => roundInputs(shape, { start, plan: { ...plan, order: [0, 1, 3] } })).toThrow(RangeError)
    expect(() => roundInputs(shape, { start, plan, gammas: [1n, 2n], phi: [3n, 4n] })).toThrow(RangeError)
    expect(() => roundInputs(smallShape({ blinded: true }), { start, plan })).toThrow(RangeError)
  })
})

describe('phi', () => {
  const { start, blinds, gammas } = roundCase(smallShape({ blinded: true }))
  const numbers = [...elementsOf(start), ...blinds]

  it('is the weights and the blinds behind them times powers of gamma, the highest first', () => {
    expect([...direction(3n, 4)]).toEqual([27n, 9n, 3n, 1n])
    const sums = gammas!.map(gamma => {
      const powers = direction(gamma, numbers.length)
      return numbers.reduce((sum, number, i) => add(sum, multiply(number, powers[i]!)), 0n)
    })
    expect(phiOf(gammas!, start, blinds)).toEqual(sums)
  })

  it('tells a vector from another that was made to look the same under gammas known before', () => {
    const known = [5n, 7n] as const
    // (x − 5)(x − 7) is 0 at both.
    const corrected = start.map((weight, i) => weight + [0n, 1n, -12n, 35n][i]!)
    expect(phiOf(known, corrected, blinds)).toEqual(phiOf(known, start, blinds))
    const [first, second] = phiOf(gammas!, corrected, blinds)
    const honest = phiOf(gammas!, start, blinds)
    expect(first).not.toBe(honest[0])
    expect(second).not.toBe(honest[1])
  })

  it('takes four blinds', () => {
    expect(() => phiOf(gammas!, start, blinds.subarray(1))).toThrow(RangeError)
  })
})
