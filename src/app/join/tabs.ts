import { isAppError } from '../../errors/AppError.ts'
import type { HospitalContext } from '../context.ts'
import type { JoinAction } from '../desks/joining.ts'
import type { Inbox } from './inbox.ts'
import { showJoining } from './way.ts'

/** How often the place is tried again after the other tab was asked to go; each try waits 1.5 s for it. */
const ATTEMPTS = 8

/**
 * Opens what only one tab of a hospital may have. In a second tab the person may take over: the first one is asked over a
 * channel to close itself. A driven tab fails instead.
 *
 * @param open throws app.secondTab while another tab has it
 */
export async function openInOneTab<T>(
  { store, namespace, options, signal, onClose }: HospitalContext,
  inbox: Inbox<JoinAction>,
  open: () => Promise<T>,
  handOver: () => void,
): Promise<T> {
  const channel = new BroadcastChannel(`wardround-tab/${namespace}`)
  onClose(() => channel.close())
  const opened = await openOrWait()
  channel.onmessage = ({ data }) => {
    if (data === TAKE_OVER) handOver()
  }
  return opened

  async function openOrWait(): Promise<T> {
    let tries = 0
    for (;;) {
      try {
        const made = await open()
        showJoining(store, { tab: null, busy: null })
        return made
      } catch (error) {
        if (!isAppError(error, 'app.secondTab') || options.auto) throw error
        if (tries > 0 && --tries > 0) continue
        const wasAsked = store.getState().joining.busy === 'takingOver'
        showJoining(store, { tab: wasAsked ? 'silent' : 'elsewhere', busy: null })
        store.setState({ stage: 'wrongTab' })
        inbox.clear()
        while ((await inbox.next(signal)).type !== 'takeOver');
        showJoining(store, { busy: 'takingOver' })
        channel.postMessage(TAKE_OVER)
        tries = ATTEMPTS
      }
    }
  }
}

const TAKE_OVER = 'takeOver'
