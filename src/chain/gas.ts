/** One mined transaction. */
export interface GasEntry {
  /** The contract's function, e.g. submitUpdate. */
  readonly name: string
  readonly gasUsed: bigint
  readonly block: bigint
}

/** Gas of one function over all its calls. */
export interface GasSummary {
  readonly calls: number
  readonly total: bigint
  readonly min: bigint
  readonly max: bigint
}

/** Collects what transactions cost, by the receipts, for the report. */
export class GasLog {
  readonly #entries: GasEntry[] = []

  record(entry: GasEntry): void {
    this.#entries.push(entry)
  }

  /** Every call, in the order of mining. */
  entries(): readonly GasEntry[] {
    return this.#entries
  }

  /** Totals by function name. */
  byCall(): Readonly<Record<string, GasSummary>> {
    const summaries: Record<string, GasSummary> = {}
    for (const { name, gasUsed } of this.#entries) {
      const { calls, total, min, max } = summaries[name] ?? { calls: 0, total: 0n, min: gasUsed, max: gasUsed }
      summaries[name] = {
        calls: calls + 1,
        total: total + gasUsed,
        min: gasUsed < min ? gasUsed : min,
        max: gasUsed > max ? gasUsed : max,
      }
    }
    return summaries
  }
}
