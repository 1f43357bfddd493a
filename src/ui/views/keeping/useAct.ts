import { useState } from 'react'
import type { AppErrorData } from '../../../errors/AppError.ts'
import { asErrorData } from '../../components/ErrorPanel.tsx'

/** Something that a person starts and waits for: whether it runs, and what went wrong. */
export function useAct(): {
  readonly isBusy: boolean
  readonly error: AppErrorData | null
  readonly run: (work: () => Promise<void>) => Promise<void>
} {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, error, run }
}
