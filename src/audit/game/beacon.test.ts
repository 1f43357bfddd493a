import { concat, encodePacked, keccak256, stringToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../crypto/bytes.ts'
import type { Address, Hex } from '../../study/types.ts'
import {
  type BeaconPart,
  beaconBlock,
  beaconOf,
  beaconSchedule,
  capturedBlock,
  isRevealOf,
  revealCommitment,
} from './beacon.ts'

const round = {
  chainId: 11155111,
  contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  study: '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512',
  round: 7,
} as const
const hospital: Address = '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0'
const filled = (byte: number) => new Uint8Array(32).fill(byte)
const hash = filled(0xab)
const parts: readonly BeaconPart[] = [1, 2, 3].map(byte => ({ commitment: filled(16 + byte), reveal: filled(byte) }))
const withheld = parts.map((part, i) => (i === 1 ? { ...part, reveal: null } : part))

/** As Solidity packs it. */
const packedRound: Hex = encodePacked(
  ['uint256', 'address', 'address', 'uint256'],
  [BigInt(round.chainId), round.contract, round.study, BigInt(round.round)],
)

describe('A reveal', () => {
  const reveal = filled(9)
  const commitment = revealCommitment(round, hospital, reveal)

  it('is committed to as Solidity would hash it', () => {
    const packed = concat([stringToHex('wardround/beacon/reveal/1'), packedRound, hospital, bytesToHex(reveal)])
    expect(bytesToHex(commitment)).toBe(keccak256(packed))
    expect(bytesToHex(commitment)).toBe('0xac4718b335826f0f740d29e4d6e310db8f98158a8a172d80f1a2dcaad2e9b74c')
  })

  it('fits its commitment, and nothing else does', () => {
    expect(isRevealOf(commitment, round, hospital, reveal)).toBe(true)
    expect(isRevealOf(commitment, round, hospital, filled(8))).toBe(false)
    expect(isRevealOf(commitment, round, round.study, reveal)).toBe(false)
    for (const other of [{ chainId: 1 }, { contract: hospital }, { study: hospital }, { round: 8 }]) {
      expect(isRevealOf(commitment, { ...round, ...other }, hospital, reveal)).toBe(false)
    }
  })

  it('has 32 bytes', () => {
    expect(() => revealCommitment(round, hospital, new Uint8Array(31))).toThrow(RangeError)
  })
})

describe('A beacon', () => {
  const packed = (middle: readonly Hex[]) =>
    keccak256(concat([stringToHex('wardround/beacon/1'), bytesToHex(hash), ...middle, packedRound]))

  it('is what Solidity would hash: the block, all reveals in order, the round', () => {
    const beacon = bytesToHex(beaconOf(round, hash, parts))
    expect(beacon).toBe(packed(parts.map(({ reveal }) => bytesToHex(reveal!))))
    expect(beacon).toBe('0xef60bdc4b8df14cd68b785f7f3eb325d73066e5101ac08f9aedbbf7ba51d8d38')
  })

  it('takes the commitment of whoever did not reveal', () => {
    const middle = [filled(1), filled(18), filled(3)].map(bytes => bytesToHex(bytes))
    expect(bytesToHex(beaconOf(round, hash, withheld))).toBe(packed(middle))
  })

  it('changes with everything that goes in', () => {
    const all = [
      beaconOf(round, hash, parts),
      beaconOf(round, filled(1), parts),
      beaconOf(round, hash, parts.toReversed()),
      beaconOf(round, hash, parts.slice(1)),
      beaconOf({ ...round, chainId: 1 }, hash, parts),
      beaconOf({ ...round, contract: hospital }, hash, parts),
      beaconOf({ ...round, study: hospital }, hash, parts),
      beaconOf({ ...round, round: 8 }, hash, parts),
    ]
    expect(new Set(all.map(beacon => bytesToHex(beacon))).size).toBe(all.length)
  })

  it('is of somebody, and of 32 bytes each', () => {
    expect(() => beaconOf(round, hash, [])).toThrow(RangeError)
    expect(() => beaconOf(round, hash.subarray(1), parts)).toThrow(RangeError)
    expect(() => beaconOf({ ...round, round: -1 }, hash, parts)).toThrow(RangeError)
  })
})

describe('The blocks of a beacon', () => {
  const schedule = beaconSchedule(100, 4, 50)

  it('come after each other: seed, reveals, fallback', () => {
    expect(schedule).toEqual({ seedBlock: 104, revealsFrom: 109, revealsUntil: 158, fallbackBlock: 162 })
    expect(() => beaconSchedule(100, 3, 50)).toThrow(RangeError)
    expect(() => beaconSchedule(100, 4, 0)).toThrow(RangeError)
  })

  it('are the seed block where all revealed, and one fixed later block where not', () => {
    expect(beaconBlock(schedule, parts)).toBe(104)
    expect(beaconBlock(schedule, withheld)).toBe(162)
    expect(() => beaconBlock(schedule, [])).toThrow(RangeError)
  })

  it('are replaced one at a time where nobody captured the hash', () => {
    expect(() => capturedBlock(104, 104)).toThrow(RangeError)
    expect(capturedBlock(104, 105)).toBe(104)
    expect(capturedBlock(104, 104 + 8191)).toBe(104)
    expect(capturedBlock(104, 104 + 8192)).toBe(104 + 8191)
    for (let now = 105; now < 40_000; now += 613) {
      const block = capturedBlock(104, now)
      expect((block - 104) % 8191).toBe(0)
      expect(now - block).toBeGreaterThanOrEqual(1)
      expect(now - block).toBeLessThanOrEqual(8191)
    }
  })
})
