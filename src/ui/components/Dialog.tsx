import { type ReactNode, useEffect, useRef } from 'react'
import './dialog.css'

interface DialogProps {
  readonly isOpen: boolean
  /** Escape, the backdrop, or the browser's own way back. */
  readonly onClose: () => void
  /** Id of the heading inside. */
  readonly labelledBy: string
  /** In the middle, or along the right edge. */
  readonly place?: 'middle' | 'side'
  readonly children: ReactNode
}

/** The browser's own modal dialog: it traps the focus and gives it back where it came from. */
export function Dialog({ isOpen, onClose, labelledBy, place = 'middle', children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    if (element === null) return
    if (isOpen && !element.open) element.showModal()
    if (!isOpen && element.open) element.close()
  }, [isOpen])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: only the backdrop is clicked here; the keyboard has Escape.
    <dialog
      ref={dialog}
      className="ward-dialog"
      data-place={place}
      aria-labelledby={labelledBy}
      onClose={onClose}
      onClick={event => {
        if (event.target === dialog.current) onClose()
      }}
    >
      {isOpen && <div className="ward-dialog-inside">{children}</div>}
    </dialog>
  )
}
