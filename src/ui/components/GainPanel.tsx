import { Stack, Table, Text } from '@mantine/core'
import { shownRound } from '../../app/phases.ts'
import type { HospitalView } from '../../app/store.ts'
import type { Evaluation } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'
import { decimal, percent } from '../format.ts'
import { texts } from '../texts.ts'
import { Panel } from './Panel.tsx'

type Shown = Pick<HospitalView, 'round' | 'result' | 'study'>

/** The shared model beside one trained alone, on the same held-out patients of this hospital. */
export function GainPanel({ round, result, study }: Shown) {
  const { gain } = texts
  const evaluations = round?.evaluations ?? []
  const latest = result ?? evaluations.at(-1)
  if (latest === undefined) return <Panel question={gain.heading} answer={gain.soon} />
  const { federated, local, majorityAccuracy } = latest
  const answer = local
    ? gain.difference(federated.accuracy, local.accuracy, federated.patients)
    : gain.none(majorityAccuracy)
  return (
    <Panel question={gain.heading} answer={answer}>
      <div className="ward-table-scroll">
        <Comparison federated={federated} local={local} />
      </div>
      <Stack gap={0}>
        <Text size="sm" c="dimmed">
          {gain.measured(federated.patients)} {gain.majority(majorityAccuracy)}
        </Text>
        <Text size="sm" c="dimmed">
          {texts.researchUse}
        </Text>
      </Stack>
      {evaluations.length > 1 && study !== null && <History evaluations={evaluations} manifest={study.manifest} />}
    </Panel>
  )
}

function Comparison({ federated, local }: { readonly federated: Evaluation; readonly local: Evaluation | null }) {
  const { gain } = texts
  const rows = [
    { name: gain.rows.accuracy, of: (of: Evaluation) => percent(of.accuracy) },
    { name: gain.rows.auc, of: (of: Evaluation) => decimal(of.auc) },
    { name: gain.rows.logLoss, of: (of: Evaluation) => decimal(of.logLoss) },
    { name: gain.rows.precision, of: (of: Evaluation) => percent(of.precision) },
    { name: gain.rows.recall, of: (of: Evaluation) => percent(of.recall) },
  ]
  return (
    <Table captionSide="top" withRowBorders verticalSpacing={4} maw={560}>
      <Table.Caption ta="left">{gain.caption}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{gain.measure}</Table.Th>
          <Table.Th ta="right">{gain.alone}</Table.Th>
          <Table.Th ta="right">{gain.together}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ name, of }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>
              {name}
            </Table.Th>
            <Table.Td ta="right">{local ? of(local) : '–'}</Table.Td>
            <Table.Td ta="right" fw={600}>
              {of(federated)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

interface HistoryProps {
  readonly evaluations: readonly { readonly round: number; readonly federated: Evaluation }[]
  readonly manifest: Manifest
}

function History({ evaluations, manifest }: HistoryProps) {
  const { gain } = texts
  return (
    <details>
      <summary>{gain.history}</summary>
      <Table verticalSpacing={4} maw={320}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{gain.round}</Table.Th>
            <Table.Th ta="right">{gain.rows.accuracy}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {evaluations.map(({ round, federated }) => (
            <Table.Tr key={round}>
              <Table.Td>{shownRound(round, manifest)}</Table.Td>
              <Table.Td ta="right">{percent(federated.accuracy)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  )
}
