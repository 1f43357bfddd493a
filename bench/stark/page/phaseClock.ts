import type { StarkField } from '../../../src/field/starkField.ts'
import { type Phase, phases } from './job.ts'

type Method = keyof {
  [Name in keyof StarkField as StarkField[Name] extends (...values: never[]) => unknown ? Name : never]: never
}

/**
 * What a call of the field's belongs to. null: it prepares the next call that is listed with a phase, as a transform is
 * a commitment's before hashing and the quotient's before its program.
 */
const phaseOf: Partial<Record<Method, Phase | null>> = {
  evaluate: null,
  powers: null,
  batchInverse: null,
  interpolate: 'transforms',
  salts: 'columns',
  hash: 'columns',
  hashRows: 'hashing',
  run: 'quotient',
  evaluateAt: 'values',
  accumulate: 'combination',
  accumulateExtension: 'combination',
  divideByLinear: 'combination',
  hashCosets: 'folding',
  foldBy8: 'folding',
  grind: 'work',
  evaluateAtBase: 'opening',
}

/** Says where a proof's time goes, from outside: by the calls of the field. All of it adds up. */
export class PhaseClock {
  readonly milliseconds = Object.fromEntries(phases.map(phase => [phase, 0])) as Record<Phase, number>
  #since = performance.now()
  #prepared = 0
  #last: Phase = 'rest'

  /** Times this field's calls from now on. */
  watch(field: StarkField): void {
    const methods = field as unknown as Record<string, (...values: unknown[]) => unknown>
    const watched = { ...phaseOf, merkle: 'hashing' as const }
    for (const [name, phase] of Object.entries(watched)) {
      const method = methods[name]!.bind(field)
      methods[name] = (...values) => {
        this.end('rest')
        const result = method(...values)
        if (phase === null) this.#prepare()
        else this.#endCall(name, phase)
        return result
      }
    }
  }

  /** What has passed since something last ended belongs to this. */
  end(phase: Phase): void {
    this.milliseconds[phase] += this.#passed()
  }

  #prepare(): void {
    this.#prepared += this.#passed()
  }

  #endCall(name: string, phase: Phase): void {
    // A tree belongs to what made its leaves.
    const own = name === 'merkle' && this.#last === 'folding' ? 'folding' : phase
    this.milliseconds[own === 'hashing' ? 'transforms' : own] += this.#prepared
    this.#prepared = 0
    this.end(own)
    this.#last = own
  }

  #passed(): number {
    const now = performance.now()
    const passed = now - this.#since
    this.#since = now
    return passed
  }
}
