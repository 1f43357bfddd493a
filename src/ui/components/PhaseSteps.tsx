import { Stack, Text } from '@mantine/core'
import { type PhaseName, visiblePhases } from '../../app/phases.ts'
import { texts } from '../texts.ts'

/** The phases of a round in order, the running one marked and explained. */
export function PhaseSteps({ phase }: { readonly phase: PhaseName | null }) {
  const current = phase === null ? -1 : (visiblePhases as readonly PhaseName[]).indexOf(phase)
  const currentName = visiblePhases[current]
  return (
    <Stack gap="sm">
      <ol className="ward-steps">
        {visiblePhases.map((name, index) => (
          <li
            key={name}
            data-state={index < current || phase === 'ended' ? 'past' : 'ahead'}
            aria-current={index === current ? 'step' : undefined}
          >
            {texts.phases[name].name}
          </li>
        ))}
      </ol>
      {currentName !== undefined && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {texts.phases[currentName].explains}
        </Text>
      )}
    </Stack>
  )
}
