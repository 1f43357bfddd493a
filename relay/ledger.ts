import type { Fact, RecordedFact } from './facts.ts'

export interface Retention {
  /** Milliseconds that a study's blobs are kept after its end. */
  readonly endedFor: number
  /** Finalised rounds whose blobs a running study keeps: the base model, and two more for those that come late. */
  readonly rounds: number
}

interface StudyView {
  readonly finalised: number[]
  readonly peers: Map<string, string>
  endedAt: number | undefined
}

interface Mention {
  readonly study: string
  /** undefined: belongs to the study as a whole. */
  readonly round: number | undefined
}

/** The chain as a relay sees it: who may push, and what is to be kept. A fold over facts; nothing of it is stored. */
export class Ledger {
  readonly #retention: Retention
  #facts: RecordedFact[] = []
  #known = new Set<string>()
  #studies = new Map<string, StudyView>()
  #mentions = new Map<string, Mention[]>()
  #suspended = new Set<string>()
  /** Blocks that a manifest names, with the manifests that do. Not of the chain: read from the blocks held here. */
  readonly #named = new Map<string, Set<string>>()

  constructor(retention: Retention) {
    this.#retention = retention
  }

  /** @returns those that were new */
  apply(facts: readonly RecordedFact[]): RecordedFact[] {
    return facts.filter(recorded => {
      const place = `${recorded.block}/${recorded.index}`
      if (this.#known.has(place)) return false
      this.#known.add(place)
      this.#facts.push(recorded)
      this.#fold(recorded.fact, recorded.seen)
      return true
    })
  }

  /** Forgets the facts of later blocks. */
  rollBack(block: number): RecordedFact[] {
    const gone = this.#facts.filter(recorded => recorded.block > block)
    const kept = this.#facts.filter(recorded => recorded.block <= block)
    this.#facts = []
    this.#known = new Set()
    this.#studies = new Map()
    this.#mentions = new Map()
    this.#suspended = new Set()
    this.apply(kept)
    return gone
  }

  /** Known studies, with the block of their creation. */
  studies(): Map<string, number> {
    const studies = new Map<string, number>()
    for (const { block, fact } of this.#facts) if (fact.type === 'study') studies.set(fact.study, block)
    return studies
  }

  /** Whether a peer belongs to an accredited hospital in a study that runs or ended a short while ago. */
  mayPush(peer: string, now: number): boolean {
    for (const study of this.#studies.values()) {
      const hospital = study.peers.get(peer)
      if (hospital !== undefined && !this.#suspended.has(hospital) && this.#alive(study, now)) return true
    }
    return false
  }

  /** Whether a peer belongs to an accredited hospital in this very study. */
  isMember(peer: string, study: string, now: number): boolean {
    const view = this.#studies.get(study)
    const hospital = view?.peers.get(peer)
    return view !== undefined && hospital !== undefined && !this.#suspended.has(hospital) && this.#alive(view, now)
  }

  /** Whether the factory made this study. */
  hasStudy(study: string): boolean {
    return this.#studies.has(study)
  }

  /** Whether the chain names this blob: it is kept, it was and its time is over, or nothing was heard of it. */
  standing(digest: string, now: number): 'kept' | 'lapsed' | 'unknown' {
    const mentions = this.#mentions.get(digest) ?? []
    const manifests = [...(this.#named.get(digest) ?? [])].flatMap(manifest => this.#mentions.get(manifest) ?? [])
    const all = [...mentions, ...manifests]
    if (all.length === 0) return 'unknown'
    return all.some(mention => this.#keeps(mention, now)) ? 'kept' : 'lapsed'
  }

  /** Whether the chain names this blob as a study's description. */
  isManifest(digest: string): boolean {
    return this.#mentions.get(digest)?.some(({ round }) => round === undefined) ?? false
  }

  /** Notes that a description names another block: it is wanted as long as the description is. */
  name(manifest: string, digest: string): void {
    const manifests = this.#named.get(digest) ?? new Set()
    this.#named.set(digest, manifests.add(manifest))
  }

  #keeps({ study, round }: Mention, now: number): boolean {
    const view = this.#studies.get(study)
    if (view === undefined || !this.#alive(view, now)) return false
    const horizon = view.finalised.at(-this.#retention.rounds)
    return round === undefined || horizon === undefined || round >= horizon
  }

  #alive(study: StudyView, now: number): boolean {
    return study.endedAt === undefined || now < study.endedAt + this.#retention.endedFor
  }

  #fold(fact: Fact, seen: number): void {
    switch (fact.type) {
      case 'study':
        this.#studies.set(fact.study, { finalised: [], peers: new Map(), endedAt: undefined })
        break
      case 'manifest':
        this.#mention(fact.digest, { study: fact.study, round: undefined })
        break
      case 'enrolled':
        this.#studies.get(fact.study)?.peers.set(fact.peer, fact.hospital)
        break
      case 'suspended':
        this.#suspended.add(fact.hospital)
        break
      case 'reinstated':
        this.#suspended.delete(fact.hospital)
        break
      case 'blob':
        this.#mention(fact.digest, { study: fact.study, round: fact.round })
        break
      case 'finalised':
        this.#studies.get(fact.study)?.finalised.push(fact.round)
        break
      case 'ended': {
        const study = this.#studies.get(fact.study)
        if (study !== undefined) study.endedAt = seen
        break
      }
    }
  }

  #mention(digest: string, mention: Mention): void {
    const mentions = this.#mentions.get(digest)
    if (mentions === undefined) this.#mentions.set(digest, [mention])
    else mentions.push(mention)
  }
}
