import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import type { HospitalSession } from '../../../app/session.ts'
import type { AppErrorData } from '../../../errors/AppError.ts'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { download } from '../../download.ts'
import { texts } from '../../texts.ts'

/** The model as files that tfjs loads. model.json names weights.bin, so both keep these names. */
export function TakePanel({ session }: { readonly session: HospitalSession }) {
  const { take } = texts.model
  const [state, setState] = useState<'idle' | 'busy' | 'done'>('idle')
  const [error, setError] = useState<AppErrorData | null>(null)
  const save = async () => {
    setState('busy')
    setError(null)
    try {
      const { modelJson, weights } = await session.model.exportModel()
      download('model.json', 'application/json', modelJson)
      download('weights.bin', 'application/octet-stream', weights)
      setState('done')
    } catch (thrown) {
      setError(asErrorData(thrown))
      setState('idle')
    }
  }
  return (
    <Panel question={take.heading} answer={take.answer}>
      <Group gap="sm">
        <Button variant="default" onClick={save} loading={state === 'busy'} loaderProps={{ type: 'dots' }}>
          {take.download}
        </Button>
      </Group>
      <Text size="sm" c="dimmed" aria-live="polite" className="ward-measure">
        {state === 'done' ? take.done : take.layout}
      </Text>
      {error && <ErrorPanel error={error} />}
    </Panel>
  )
}
