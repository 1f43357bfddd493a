import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Automation } from '../../../app/automation.ts'
import type { KioskFrames } from '../../../app/kiosk/kiosk.ts'

/** Milliseconds in which a closed page's worker, node and databases let go. */
const CLOSING_MS = 1_500

export interface WallFrame {
  readonly url: string
  /** Grows with each reload: another key is another frame. */
  readonly loads: number
}

export interface Wall extends KioskFrames {
  readonly store: StoreApi<{ readonly frames: readonly WallFrame[] }>
  /** Where the page put a frame; null when it went. */
  attach(index: number, frame: HTMLIFrameElement | null): void
}

/** Hospitals as frames of one page. */
export function createWall(): Wall {
  const store = createStore<{ readonly frames: readonly WallFrame[] }>(() => ({ frames: [] }))
  const attached = new Map<number, HTMLIFrameElement>()
  return {
    store,
    attach(index, frame) {
      if (frame === null) attached.delete(index)
      else attached.set(index, frame)
    },
    show: urls => store.setState({ frames: urls.map(url => ({ url, loads: 1 })) }),
    states: () => store.getState().frames.map((_, index) => stateOf(attached.get(index)?.contentWindow)),
    reload(index) {
      store.setState(({ frames }) => ({
        frames: frames.map((frame, i) => (i === index ? { ...frame, loads: frame.loads + 1 } : frame)),
      }))
    },
    async clear() {
      if (store.getState().frames.length === 0) return
      store.setState({ frames: [] })
      await new Promise(resolve => setTimeout(resolve, CLOSING_MS))
    },
  }
}

/** Hospitals as tabs of this browser. Opening several at once needs the person's leave for pop-ups. */
export function createTabs(onBlocked: () => void): KioskFrames {
  let tabs: (Window | null)[] = []
  return {
    show(urls) {
      tabs = urls.map((url, i) => window.open(url, `wardround-kiosk-${i}`))
      if (tabs.includes(null)) onBlocked()
    },
    states: () => tabs.map(stateOf),
    reload: index => tabs[index]?.location.reload(),
    async clear() {
      if (tabs.length === 0) return
      for (const tab of tabs) tab?.close()
      tabs = []
      await new Promise(resolve => setTimeout(resolve, CLOSING_MS))
    },
  }
}

/** What a page of this origin says of itself; null while it cannot be asked. */
function stateOf(page: Window | null | undefined): Automation | null {
  try {
    const said = page?.wardround
    return said === undefined ? null : { ...said }
  } catch (error) {
    // A crashed or leaving page is of another origin for a moment.
    if (error instanceof DOMException) return null
    throw error
  }
}
