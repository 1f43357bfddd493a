/** Things that are made one after another while something starts, and that others wait for. */
export interface Parts<T extends object> {
  set<K extends keyof T>(name: K, value: T[K]): void
  /** What is there already. */
  get<K extends keyof T>(name: K): T[K] | undefined
  /** Resolves once it is there; rejects when the start failed or was given up. */
  when<K extends keyof T>(name: K): Promise<T[K]>
  /** Rejects whoever waits for what will never come. */
  fail(reason: unknown): void
}

/**
 * @example
 * const parts = createParts<{ training: TrainingClient }>()
 * parts.when('training').then(training => training.spent())
 * parts.set('training', createTrainingClient(worker))
 */
export function createParts<T extends object>(): Parts<T> {
  const values: Partial<T> = {}
  const waiting = new Map<keyof T, PromiseWithResolvers<unknown>>()
  let failure: { readonly reason: unknown } | null = null
  return {
    set(name, value) {
      values[name] = value
      waiting.get(name)?.resolve(value)
    },
    get: name => values[name],
    async when<K extends keyof T>(name: K): Promise<T[K]> {
      if (name in values) return values[name] as T[K]
      if (failure !== null) throw failure.reason
      const deferred = waiting.get(name) ?? withResolvers()
      waiting.set(name, deferred)
      return (await deferred.promise) as T[K]
    },
    fail(reason) {
      failure = { reason }
      for (const [name, deferred] of waiting) if (!(name in values)) deferred.reject(reason)
    },
  }
}

function withResolvers(): PromiseWithResolvers<unknown> {
  let resolve: (value: unknown) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
