import { VisuallyHidden } from '@mantine/core'
import { texts } from '../../texts.ts'

export const joinSteps = ['connect', 'data', 'computer', 'terms', 'in'] as const
export type JoinStep = (typeof joinSteps)[number]

/** Where I am on the way in. */
export function JoinSteps({ current }: { readonly current: JoinStep }) {
  const { steps } = texts.join
  const at = joinSteps.indexOf(current)
  return (
    <nav aria-label={steps.label}>
      <ol className="ward-join-steps">
        {joinSteps.map((step, i) => (
          <li
            key={step}
            data-state={i < at ? 'past' : i === at ? 'current' : 'future'}
            aria-current={i === at ? 'step' : undefined}
          >
            {steps[step]}
            {i < at && <VisuallyHidden> ({steps.done})</VisuallyHidden>}
          </li>
        ))}
      </ol>
    </nav>
  )
}
