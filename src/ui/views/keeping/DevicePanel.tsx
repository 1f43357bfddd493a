import { Stack, Text } from '@mantine/core'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'

/** How this computer trains, as it was measured before joining. */
export function DevicePanel({ view }: { readonly view: HospitalView }) {
  const { device: words } = texts.keeping
  const { device } = view.joining
  const backend = view.backend ?? device?.backend ?? null
  return (
    <Panel question={words.heading} answer={backend === null ? words.none : words.backend(backend)}>
      <Stack gap={4}>
        {device !== null && <Text>{words.perRound(device.secondsPerRound)}</Text>}
        {view.patients !== null && <Text>{words.patients(view.patients)}</Text>}
      </Stack>
      {device !== null && device.tried.length > 0 && (
        <details>
          <summary>{words.tried}</summary>
          <ul className="ward-plain-list">
            {device.tried.map(({ backend: name, unused }) => (
              <li key={name}>
                {name}: {unused === null ? words.used : texts.join.computer.unused(unused)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  )
}
