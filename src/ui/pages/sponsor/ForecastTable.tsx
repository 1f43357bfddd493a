import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useRef, useState } from 'react'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import { type FoundForecast, nearestPoint } from '../../../app/sponsorForecast.ts'
import { type AppErrorData, isAppError } from '../../../errors/AppError.ts'
import type { ForecastOptions } from '../../../training/privacyForecast.ts'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { percent, unsignedPoints } from '../../format.ts'
import { texts } from '../../texts.ts'
import { useForm } from './fields.tsx'

interface ForecastTableProps {
  readonly desk: SponsorDesk
  /** What is simulated; null while the form says nothing that could be. */
  readonly options: ForecastOptions | null
  readonly found: FoundForecast | null
  readonly onFound: (found: FoundForecast) => void
}

/** The study simulated on made-up patients, at several ε: what each costs in accuracy. */
export function ForecastTable({ desk, options, found, onFound }: ForecastTableProps) {
  const { forecast: words } = texts.privacy.form
  const { form } = useForm()
  const [share, setShare] = useState<number | null>(null)
  const [error, setError] = useState<AppErrorData | null>(null)
  const stop = useRef<AbortController | null>(null)
  const start = async () => {
    if (options === null) return
    const running = new AbortController()
    stop.current = running
    setShare(0)
    setError(null)
    try {
      const forecast = await desk.forecast(form, {
        signal: running.signal,
        // The last word on how far it is may come after the result, by another channel.
        onProgress: ({ done, total }) => stop.current === running && setShare(done / total),
      })
      onFound({ forecast, options })
    } catch (caught) {
      if (!isAppError(caught, 'training.cancelled')) setError(asErrorData(caught))
    } finally {
      stop.current = null
      setShare(null)
    }
  }
  return (
    <Stack gap="sm">
      <Title order={3}>{words.heading}</Title>
      {error && <ErrorPanel error={error} />}
      <Group>
        {share === null ? (
          <Button variant="default" disabled={options === null} onClick={() => void start()}>
            {found === null ? words.start : words.again}
          </Button>
        ) : (
          <Button variant="default" onClick={() => stop.current?.abort()}>
            {words.stop}
          </Button>
        )}
        <Text size="sm" c="dimmed" role="status">
          {share !== null && words.working(share)}
        </Text>
      </Group>
      {found && <Found forecast={found.forecast} options={found.options} epsilon={form.privacy?.epsilon ?? null} />}
    </Stack>
  )
}

function Found({
  forecast: { withoutNoise, points },
  options: { hospitals, patients },
  epsilon,
}: FoundForecast & { readonly epsilon: number | null }) {
  const { forecast: words } = texts.privacy.form
  const shownEpsilon = texts.privacy.epsilon
  const nearest = nearestPoint(points, epsilon)
  const lost = nearest?.accuracy == null ? null : withoutNoise - nearest.accuracy
  return (
    <>
      {nearest && lost !== null && (
        <Text className="ward-measure">
          {lost < 0.001
            ? words.nothingLost(shownEpsilon(nearest.epsilon))
            : words.sentence(shownEpsilon(nearest.epsilon), unsignedPoints(lost))}
        </Text>
      )}
      <Table maw={480} verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{words.columns.epsilon}</Table.Th>
            <Table.Th scope="col" ta="right">
              {words.columns.accuracy}
            </Table.Th>
            <Table.Th scope="col" ta="right">
              {words.columns.lost}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map(point => (
            <Table.Tr key={point.epsilon}>
              <Table.Th scope="row">{shownEpsilon(point.epsilon)}</Table.Th>
              <Table.Td ta="right">{point.accuracy === null ? words.impossible : percent(point.accuracy)}</Table.Td>
              <Table.Td ta="right">
                {point.accuracy === null ? '–' : unsignedPoints(Math.max(0, withoutNoise - point.accuracy))}
              </Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Th scope="row">{words.without}</Table.Th>
            <Table.Td ta="right">{percent(withoutNoise)}</Table.Td>
            <Table.Td ta="right">–</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.assumes(hospitals, patients)}
      </Text>
    </>
  )
}
