import { decodeWeights } from '../audit/engine/batch.ts'
import type { Binding } from '../crypto/binding.ts'
import { type Opened, open, openWithKey, readHeader, unwrapKey, wrapKey } from '../crypto/envelope.ts'
import type { HospitalKeys } from '../crypto/keys.ts'
import type { Statistics } from '../data/statistics.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type { Blob, Member } from '../rounds/ports.ts'
import { type Hex, sameAddress } from '../study/types.ts'
import { coordinatesSent } from '../study/upload.ts'
import { bindingOf, keyOf, type Study } from './hospitalStudy.ts'
import {
  decodeProven,
  decodeRewraps,
  decodeStatistics,
  decodeUpdate,
  type ProvenPlaintext,
  plaintextOverhead,
  type Rewrap,
} from './plaintext.ts'

export interface OpenedUpdate {
  readonly dataKey: Uint8Array
  readonly binding: Binding
  readonly salt: Uint8Array
  readonly content:
    | { readonly kind: 'statistics'; readonly statistics: Statistics }
    | { readonly kind: 'update'; readonly weight: number; readonly vector: Float32Array }
}

/** What updates are expected to be: a study that standardises begins with statistics. */
export type Expected = 'statistics' | 'update'

/** Whether a proven update is what the chain's trace of it says. */
export type IsTraced = (
  round: number,
  trace: Hex,
  update: Pick<ProvenPlaintext, 'change' | 'afterKey'>,
) => Promise<boolean>

/** What a seat opened of the others' contributions, by round. None of it leaves the trainer. */
export class OpenedUpdates {
  readonly #study: Study
  readonly #keys: HospitalKeys
  readonly #opened = new Map<number, Map<string, OpenedUpdate>>()
  readonly #commitments = new Map<number, Map<string, Hex>>()
  readonly #traces = new Map<number, Map<string, Hex>>()
  readonly #isTraced: IsTraced

  /** @param isTraced asked in proven studies alone; without it none of their updates opens */
  constructor(study: Study, keys: HospitalKeys, isTraced: IsTraced = async () => false) {
    this.#study = study
    this.#keys = keys
    this.#isTraced = isTraced
  }

  /**
   * Opens one and keeps it.
   * @param trace of it on the chain, in proven studies
   * @returns whether it could be opened, is what was committed to, and is well formed
   */
  async open(
    round: number,
    member: Member,
    blob: Blob,
    commitment: Hex | null,
    { expected, trace }: { readonly expected: Expected; readonly trace?: Hex | undefined },
  ): Promise<boolean> {
    const { self } = this.#study
    if (trace !== undefined) mapOf(this.#traces, round).set(keyOf(member), trace)
    if (commitment !== null) mapOf(this.#commitments, round).set(keyOf(member), commitment)
    const binding = bindingOf(this.#study, round, expected, member.address)
    const opened = await this.#tryOpen(blob, () =>
      open(blob, binding, self, this.#keys, { by: member, ...(commitment !== null && { commitment }) }),
    )
    return this.#keep(round, member, binding, opened)
  }

  /** The same from another seat's re-wrapped data keys. */
  async openRewrapped(
    round: number,
    member: Member,
    blob: Blob,
    { rewraps, by, expected }: { readonly rewraps: Blob; readonly by: Member; readonly expected: Expected },
  ): Promise<boolean> {
    const study = this.#study
    const binding = bindingOf(study, round, expected, member.address)
    const commitment = this.#commitments.get(round)?.get(keyOf(member))
    const opened = await this.#tryOpen(blob, async () => {
      const passed = await open(rewraps, bindingOf(study, round, 'rewraps', by.address), study.self, this.#keys, { by })
      const mine = decodeRewraps(passed.plaintext, round).rewraps.find(
        rewrap => sameAddress(rewrap.update, member.address) && sameAddress(rewrap.seat, study.self),
      )
      if (mine === undefined) throw new AppError('crypto.cannotOpen')
      const dataKey = await unwrapKey(mine, binding, this.#keys.encryption)
      return openWithKey(blob, binding, dataKey, { by: member, ...(commitment !== undefined && { commitment }) })
    })
    return this.#keep(round, member, binding, opened)
  }

  /** Data keys wrapped again for seats that could not open. @throws AppError aggregation.notOpened */
  rewrap(
    round: number,
    missing: readonly { readonly update: Member; readonly seat: Member }[],
  ): Promise<readonly Rewrap[]> {
    return Promise.all(
      missing.map(async ({ update, seat }) => {
        const { dataKey, binding } = this.get(round, update)
        const key = await wrapKey(dataKey, binding, seat.keys.encryption)
        return { update: update.address, seat: seat.address, ...key }
      }),
    )
  }

  find(round: number, member: Member): OpenedUpdate | undefined {
    return this.#opened.get(round)?.get(keyOf(member))
  }

  /** @throws AppError aggregation.notOpened */
  get(round: number, member: Member): OpenedUpdate {
    const opened = this.find(round, member)
    if (opened === undefined) throw new AppError('aggregation.notOpened', { hospital: member.address })
    return opened
  }

  forget(beforeRound: number): void {
    for (const rounds of [this.#opened, this.#commitments, this.#traces]) {
      for (const round of [...rounds.keys()]) if (round < beforeRound) rounds.delete(round)
    }
  }

  #tryOpen(blob: Blob, opening: () => Promise<Opened>): Promise<Opened | null> {
    const { manifest, layout, width } = this.#study
    // An update cannot be larger than its numbers.
    const update = coordinatesSent(manifest, layout.sharedSize) * (manifest.proving ? 8 : 4)
    return ifSound(blob, Math.max(update, width * 16) + plaintextOverhead, opening)
  }

  async #keep(round: number, member: Member, binding: Binding, opened: Opened | null): Promise<boolean> {
    if (opened === null) return false
    try {
      const read = await this.#read(round, member, binding.kind, opened.plaintext)
      if (read === null) return false
      mapOf(this.#opened, round).set(keyOf(member), { dataKey: opened.dataKey, binding, ...read })
      return true
    } catch (error) {
      if (isAppError(error)) return false
      throw error
    }
  }

  /** @returns null where it is not what its trace says @throws AppError aggregation.badUpdate */
  async #read(
    round: number,
    member: Member,
    kind: Binding['kind'],
    plaintext: Uint8Array,
  ): Promise<Pick<OpenedUpdate, 'salt' | 'content'> | null> {
    const { manifest, layout, width } = this.#study
    if (kind === 'statistics') {
      const { salt, count, sums, squares } = decodeStatistics(plaintext, round, width)
      return { salt, content: { kind: 'statistics', statistics: { count, sums, squares } } }
    }
    if (manifest.proving) {
      const { salt, weight, ...update } = decodeProven(plaintext, round, layout.sharedSize)
      const trace = this.#traces.get(round)?.get(keyOf(member))
      if (trace === undefined || !(await this.#isTraced(round, trace, update))) return null
      return { salt, content: { kind: 'update', weight, vector: decodeWeights(update.change) } }
    }
    const { salt, weight, vector } = decodeUpdate(plaintext, round, coordinatesSent(manifest, layout.sharedSize))
    return { salt, content: { kind: 'update', weight, vector } }
  }
}

/**
 * Nothing but a blob that is as it must be comes through; what a stranger sent is no error of ours.
 * @param largest bytes of plaintext: looked at before a byte is decrypted
 * @returns null for anything else
 */
export async function ifSound<T>(blob: Blob, largest: number, opening: () => Promise<T>): Promise<T | null> {
  try {
    return readHeader(blob).length > largest ? null : await opening()
  } catch (error) {
    if (isAppError(error)) return null
    throw error
  }
}

/** What is known of a round, by member; forgotten with it. */
export function mapOf<T>(rounds: Map<number, Map<string, T>>, round: number): Map<string, T> {
  const known = rounds.get(round) ?? new Map<string, T>()
  rounds.set(round, known)
  return known
}
