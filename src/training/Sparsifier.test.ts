import { describe, expect, it } from 'vitest'
import { owedAfter } from '../aggregation/compression/errorFeedback.ts'
import { createKeys } from '../crypto/keys.ts'
import type { Encoded } from '../data/encode.ts'
import type { Manifest } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { examplesOf, openStudy } from './hospitalStudy.ts'
import { memoryResidualStore } from './residualStore.ts'
import { Sparsifier } from './Sparsifier.ts'
import { testDataset, testManifest, testRef } from './testing.ts'

const plain = testManifest()
const hidden: Manifest = {
  ...plain,
  model: {
    ...plain.model,
    layers: [{ type: 'dense', units: 40, activation: 'relu' }, ...plain.model.layers],
  },
}
const compressed: Manifest = { ...hidden, compression: { keep: 0.25 } }
const size = 4 * 40 + 40 + 40
const self = `0x${'a1'.repeat(20)}` as const
const dataset = testDataset(0)
const keys = createKeys()

async function studyOf(manifest: Manifest) {
  return openStudy({ ref: testRef, manifest, self }, dataset, await keys, undefined)
}

const rows = async (patients = dataset): Promise<Encoded> =>
  examplesOf(await openStudy({ ref: testRef, manifest: hidden, self }, patients, await keys, undefined), patients, null)
    .train

function vectorOf(seed: number, scale = 1): Float32Array {
  const random = publicRandom(seed)
  return Float32Array.from({ length: size }, () => scale * (random.unit() - 0.5))
}

/** What was sent, as an update of all shared parameters. */
function applied(sparsifier: Sparsifier, base: ReturnType<typeof baseAt>, sent: Float32Array): Float32Array {
  return sparsifier.replaced({ ...base, shared: new Float32Array(size) }, sent)
}

const baseAt = (round: number, trained: number, shared = vectorOf(round)) => ({ round, trained, shared })

describe('a study that does not compress', () => {
  it('sends everything, owes nothing and keeps nothing', async () => {
    const store = memoryResidualStore()
    const sparsifier = new Sparsifier(await studyOf(hidden), store)
    const base = baseAt(0, 0)
    expect(sparsifier.length).toBe(size)
    expect(await sparsifier.startFrom(base, await rows())).toEqual(base.shared)
    const owed = owedAfter(base.shared, vectorOf(50))
    expect(sparsifier.selected(base, owed)).toEqual(owed)
    expect(sparsifier.replaced(base, owed)).toEqual(owed)
    await sparsifier.keep(1, base, await rows(), owed, owed)
    expect(await store.load({ ...testRef, address: self })).toBeUndefined()
  })
})

describe('a study that sends a quarter', () => {
  /** One round: what was sent, and what is owed then, by the sums of what it started from. */
  async function play(
    sparsifier: Sparsifier,
    round: number,
    base: ReturnType<typeof baseAt>,
    train: Encoded,
    step: number,
  ) {
    const start = await sparsifier.startFrom(base, train)
    const owed = owedAfter(
      base.shared,
      start.map((value, i) => value + vectorOf(step)[i]!),
    )
    const sent = sparsifier.selected(base, owed)
    await sparsifier.keep(round, base, train, owed, sent)
    return { start, owed, sent, left: owed.map((value, i) => value - applied(sparsifier, base, sent)[i]!) }
  }

  it('sends a quarter of the numbers, the same for every hospital, others in each round, and all within four', async () => {
    const one = new Sparsifier(await studyOf(compressed), memoryResidualStore())
    const two = new Sparsifier({ ...(await studyOf(compressed)), self: `0x${'b2'.repeat(20)}` }, memoryResidualStore())
    const marks = Float32Array.from({ length: size }, (_, i) => i + 1)
    const seen = new Set<number>()
    for (let trained = 0; trained < 4; trained++) {
      const base = baseAt(trained + 3, trained)
      const sent = one.selected(base, marks)
      expect(sent).toHaveLength(size / 4)
      expect(two.selected({ ...base, round: base.round + 2 }, marks)).toEqual(sent)
      for (const mark of sent) seen.add(mark)
    }
    expect(seen.size).toBe(size)
  })

  it('trains from the base and what is owed, and loses nothing between rounds', async () => {
    const sparsifier = new Sparsifier(await studyOf(compressed), memoryResidualStore())
    const train = await rows()
    const first = await play(sparsifier, 1, baseAt(0, 0), train, 60)
    expect(first.start).toEqual(baseAt(0, 0).shared)
    expect(first.left.filter(value => value === 0).length).toBeGreaterThanOrEqual(size / 4)
    expect(first.left.filter(value => value !== 0).length).toBeGreaterThan(size / 2)
    const base = baseAt(1, 1)
    const second = await play(sparsifier, 2, base, train, 61)
    expect(second.start).toEqual(base.shared.map((value, i) => value + first.left[i]!))
  })

  it('owes what rounding and clamping took from what was sent', async () => {
    const sparsifier = new Sparsifier(await studyOf(compressed), memoryResidualStore())
    const train = await rows()
    const base = baseAt(0, 0)
    const owed = vectorOf(62, 4)
    const sent = sparsifier.selected(base, owed).map(value => Math.max(-1, Math.min(1, Math.round(8 * value) / 8)))
    await sparsifier.keep(1, base, train, owed, sent)
    const next = baseAt(1, 1, new Float32Array(size))
    const all = applied(sparsifier, base, sent)
    expect(await sparsifier.startFrom(next, train)).toEqual(owed.map((value, i) => value - all[i]!))
  })

  it('owes again what it owed before a round that is void, or that it trains again', async () => {
    const sparsifier = new Sparsifier(await studyOf(compressed), memoryResidualStore())
    const train = await rows()
    const first = await play(sparsifier, 1, baseAt(0, 0), train, 60)
    const base = baseAt(1, 1)
    const tried = await play(sparsifier, 2, base, train, 61)
    const again = await play(sparsifier, 2, base, train, 61)
    expect(again).toEqual(tried)
    // Round 2 is void: in round 3 the base is still that of round 1, and the same coordinates go up.
    const afterVoid = await play(sparsifier, 3, base, train, 61)
    expect(afterVoid).toEqual(tried)
    expect(afterVoid.start).toEqual(base.shared.map((value, i) => value + first.left[i]!))
    const done = await sparsifier.startFrom(baseAt(3, 2), train)
    expect(done).toEqual(baseAt(3, 2).shared.map((value, i) => value + afterVoid.left[i]!))
    // A reorg takes the model of round 3 back.
    expect(await sparsifier.startFrom(base, train)).toEqual(tried.start)
  })

  it('owes the same through rounds of others', async () => {
    const sparsifier = new Sparsifier(await studyOf(compressed), memoryResidualStore())
    const train = await rows()
    const { left } = await play(sparsifier, 1, baseAt(0, 0), train, 60)
    const base = baseAt(5, 4)
    expect(await sparsifier.startFrom(base, train)).toEqual(base.shared.map((value, i) => value + left[i]!))
  })

  it('owes the same after a reload, but nothing that other patients taught', async () => {
    const store = memoryResidualStore()
    const train = await rows()
    const { left } = await play(new Sparsifier(await studyOf(compressed), store), 1, baseAt(0, 0), train, 60)
    const base = baseAt(1, 1)
    const reloaded = new Sparsifier(await studyOf(compressed), store)
    expect(await reloaded.startFrom(base, train)).toEqual(base.shared.map((value, i) => value + left[i]!))
    const withdrawn = { ...dataset, train: dataset.train.slice(1) }
    const without = new Sparsifier(await studyOf(compressed), store)
    expect(await without.startFrom(base, await rows(withdrawn))).toEqual(base.shared)
  })
})
