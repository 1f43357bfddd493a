import type { ActivityEntry } from '../../app/activity.ts'

/** A shape for each status, so that colour alone never says it. */
const shapes: Readonly<Record<ActivityEntry['status'], string>> = {
  checking: '○',
  asking: '◔',
  pending: '◑',
  confirmed: '✓',
  rejected: '–',
  failed: '⚠',
  interrupted: '?',
}

/** The status as a shape; the word stands beside it. */
export function StatusMark({ status }: { readonly status: ActivityEntry['status'] }) {
  return (
    <span className="ward-status-mark" data-status={status} aria-hidden="true">
      {shapes[status]}
    </span>
  )
}
