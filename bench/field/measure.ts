import { median } from '../shared/numbers.ts'

export interface Case {
  readonly name: string
  readonly what: string
  /** How often a run does what is timed. */
  readonly count: number
  run(): unknown
}

/** Nanoseconds of processor time for each of a case's `count`. */
export interface Times {
  readonly median: number
  readonly least: number
}

/** Runs the cases in turns, so that a machine that is busy for a while is so for all of them. */
export async function measured<T extends Case>(cases: readonly T[], repeats: number): Promise<(T & Times)[]> {
  const times = cases.map((): number[] => [])
  for (let repeat = -1; repeat < repeats; repeat++) {
    for (const [i, { run, count }] of cases.entries()) {
      const time = await processorTime(run, count)
      // The first turn compiles.
      if (repeat >= 0) times[i]!.push(time)
    }
  }
  return cases.map((each, i) => ({ ...each, median: median(times[i]!), least: Math.min(...times[i]!) }))
}

/** Nanoseconds, of all threads together: what others do on the machine counts less than on a clock. */
export async function processorTime(run: () => unknown, count: number): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}
