import { useCallback, useState } from 'react'
import type { AppErrorData } from '../../../errors/AppError.ts'
import { asErrorData } from '../../components/ErrorPanel.tsx'

/** Something that a person started: whether it runs, and how it went wrong. */
export interface Action {
  readonly isBusy: boolean
  readonly error: AppErrorData | null
  /** Runs it unless it runs already. @returns whether it went well */
  run(work: () => Promise<unknown>): Promise<boolean>
}

/** What went wrong is shown where the person acted, and is gone with the next try. */
export function useAction(): Action {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
      return true
    } catch (thrown) {
      const data = asErrorData(thrown)
      if (data.code === 'app.bug') console.error(thrown)
      setError(data)
      return false
    } finally {
      setBusy(false)
    }
  }, [])
  return { isBusy, error, run }
}
