import { Component, type ReactNode } from 'react'
import type { AppErrorData } from '../../errors/AppError.ts'
import { asErrorData, ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'

interface BoundaryProps {
  readonly children: ReactNode
}

/** Where a component fails, the rest of the page stays, and the person reads what that means and what to do. */
export class Boundary extends Component<BoundaryProps, { readonly error: AppErrorData | null }> {
  override state = { error: null as AppErrorData | null }

  static getDerivedStateFromError(error: unknown) {
    return { error: asErrorData(error) }
  }

  override componentDidCatch(error: unknown) {
    console.error(error)
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <Panel question={texts.frame.broken.heading} answer={texts.frame.broken.answer}>
        <ErrorPanel error={error} />
      </Panel>
    )
  }
}
