import { Badge, Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useId, useState } from 'react'
import type { ModelView, VersionRow, VersionsView } from '../../../app/desks/modelView.ts'
import { nameFor } from '../../../app/people.ts'
import { shownRound } from '../../../app/phases.ts'
import { areApart } from '../../../app/results.ts'
import { scoringOf } from '../../../app/scoring.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import type { AppErrorData } from '../../../errors/AppError.ts'
import type { Manifest } from '../../../study/manifest.ts'
import { sameAddress } from '../../../study/types.ts'
import { IntervalPlot } from '../../charts/IntervalPlot.tsx'
import { PictureFrame } from '../../charts/PictureFrame.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { decimal, exactTime, percent, wholePercent } from '../../format.ts'
import { texts } from '../../texts.ts'
import { Figure } from '../results/GainedPanel.tsx'
import { usedRound } from './cardOf.ts'

interface VersionsPanelProps {
  readonly session: HospitalSession
  readonly view: HospitalView
  readonly model: ModelView
}

/** Every model that the chain holds of the study: who signed it, how much it gained, which is recommended; use, compare, go back. */
export function VersionsPanel({ session, view, model }: VersionsPanelProps) {
  const { versions: words } = texts.model
  const [error, setError] = useState<AppErrorData | null>(null)
  const [asked, setAsked] = useState<VersionRow | null>(null)
  const { versions, opening, versionsError } = model
  const manifest = view.study?.manifest
  if (!manifest) return null
  const scoring = scoringOf(manifest) ?? 'none'
  const attempt = (work: Promise<void>) => {
    setError(null)
    work.catch(thrown => setError(asErrorData(thrown)))
  }
  if (versions === null) {
    return (
      <Panel question={words.heading} answer={versionsError ? undefined : words.loading}>
        {versionsError && <ErrorPanel error={versionsError} />}
        {versionsError && (
          <Group>
            <Button variant="default" onClick={() => void session.model.readVersions()}>
              {words.again}
            </Button>
          </Group>
        )}
      </Panel>
    )
  }
  const isSponsor = view.address !== null && sameAddress(versions.info.sponsor, view.address)
  const recommended = versions.rows.find(({ version }) => version === versions.recommended)
  return (
    <Panel question={words.heading} answer={words.answer(versions.rows.length)}>
      {versions.rollback !== null && recommended && (
        <Text className="ward-measure">
          {words.rolledBack(shownRound(recommended.round, manifest), versions.rollback)}
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className="ward-table-scroll" aria-label={words.heading} tabIndex={0}>
        <Table verticalSpacing={8} miw={840} data-testid="versions">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{words.round}</Table.Th>
              <Table.Th scope="col">{words.what}</Table.Th>
              <Table.Th scope="col" ta="right" title={words.metricHints[scoring]}>
                {words.metric[scoring]}
              </Table.Th>
              <Table.Th scope="col">{words.signers}</Table.Th>
              <Table.Th scope="col">{words.time}</Table.Th>
              <Table.Th scope="col">{words.actions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.rows.toReversed().map(row => (
              <Version
                key={row.version}
                row={row}
                versions={versions}
                view={view}
                model={model}
                manifest={manifest}
                onUse={() => attempt(session.model.pickVersion(row))}
                onCompare={() => attempt(session.model.compare(row))}
                onRollback={isSponsor ? () => setAsked(row) : null}
              />
            ))}
          </Table.Tbody>
        </Table>
      </section>
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.metricHints[scoring]} {words.explainRollback}
      </Text>
      <div aria-live="polite">{opening !== null && <Text>{words.opening(shownRound(opening, manifest))}</Text>}</div>
      {error && <ErrorPanel error={error} />}
      <Comparison model={model} manifest={manifest} onEnd={() => attempt(session.model.compare(null))} />
      <RollbackDialog
        row={asked}
        manifest={manifest}
        onClose={() => setAsked(null)}
        onSend={(row, reason) => {
          setAsked(null)
          attempt(session.model.rollback(row.version, reason))
        }}
      />
    </Panel>
  )
}

interface VersionProps {
  readonly row: VersionRow
  readonly versions: VersionsView
  readonly view: HospitalView
  readonly model: ModelView
  readonly manifest: Manifest
  readonly onUse: () => void
  readonly onCompare: () => void
  /** null: not the sponsor. */
  readonly onRollback: (() => void) | null
}

function Version({ row, versions, view, model, manifest, onUse, onCompare, onRollback }: VersionProps) {
  const { versions: words } = texts.model
  const round = shownRound(row.round, manifest)
  const installed = view.round?.installed.round ?? 0
  const isNewest = row === versions.rows.at(-1)
  const isUsed = usedRound(view, model) === row.round
  const isRecommended = row.version === versions.recommended
  const isBusy = model.opening !== null
  const names = row.signers.map(signer => nameFor(view.people, signer)).join(', ')
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {round === 0 ? words.roundZero : round}
      </Table.Th>
      <Table.Td>
        <Group gap={4}>
          {isRecommended && (
            <Badge styles={{ label: { overflow: 'visible' } }} variant="outline" tt="none" color="var(--ward-live)">
              {words.recommended}
            </Badge>
          )}
          {isNewest && !isRecommended && (
            <Badge styles={{ label: { overflow: 'visible' } }} variant="outline" tt="none" color="gray" c="dimmed">
              {words.newest}
            </Badge>
          )}
          {isUsed && (
            <Badge styles={{ label: { overflow: 'visible' } }} variant="outline" tt="none" color="gray" c="dimmed">
              {words.inUse}
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td ta="right">{round === 0 || scoringOf(manifest) === null ? '–' : percent(row.metric / 10_000)}</Table.Td>
      <Table.Td>{names === '' ? String(row.signatures) : names}</Table.Td>
      <Table.Td title={exactTime(row.time * 1000)}>
        {new Date(row.time * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}
      </Table.Td>
      <Table.Td>
        {round > 0 && (
          <div className="ward-version-actions">
            {!isUsed && (
              <Button
                variant="subtle"
                size="compact-sm"
                aria-label={words.pickLabel(round)}
                disabled={isBusy}
                onClick={onUse}
              >
                {words.use}
              </Button>
            )}
            {row.round !== installed && (
              <Button
                variant="subtle"
                size="compact-sm"
                aria-label={words.compareLabel(round)}
                disabled={isBusy}
                onClick={onCompare}
              >
                {words.compare}
              </Button>
            )}
            {onRollback && !isRecommended && (
              <Button variant="subtle" size="compact-sm" aria-label={words.rollbackLabel(round)} onClick={onRollback}>
                {words.rollback}
              </Button>
            )}
          </div>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

interface ComparisonProps {
  readonly model: ModelView
  readonly manifest: Manifest
  readonly onEnd: () => void
}

function Comparison({ model: { compared, shown }, manifest, onEnd }: ComparisonProps) {
  const { versions: words } = texts.model
  if (compared === null || shown === null) return null
  const [round, newest] = [shownRound(compared.round, manifest), shownRound(shown.round, manifest)]
  const [older, newer] = [compared.details.federated, shown.details.federated]
  const measures = [
    {
      name: texts.results.measures.accuracy,
      format: percent,
      formatAxis: wholePercent,
      range: [0, 1] as const,
      of: 'accuracy' as const,
    },
    {
      name: texts.results.measures.logLoss,
      format: (value: number) => decimal(value, 2),
      formatAxis: (value: number) => decimal(value, 2),
      range: [0, Math.ceil(Math.max(older.logLoss.high, newer.logLoss.high) * 10) / 10] as const,
      of: 'logLoss' as const,
    },
  ]
  return (
    <Stack gap="sm">
      <Title order={3}>{words.compared(round, newest)}</Title>
      <PictureFrame
        sentence={words.comparedSentence(
          percent(older.accuracy.value),
          percent(newer.accuracy.value),
          round,
          newest,
          areApart(older.accuracy, newer.accuracy),
        )}
        picture={
          <IntervalPlot
            groups={measures.map(({ name, format, formatAxis, range, of }) => ({
              name,
              format,
              formatAxis,
              range,
              marks: [
                { name: words.ofRound(round), value: older[of], tone: 'quiet' },
                { name: words.ofRound(newest), value: newer[of], tone: 'live' },
              ],
            }))}
          />
        }
        table={
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{texts.results.measure}</Table.Th>
                <Table.Th scope="col" ta="right">
                  {words.ofRound(round)}
                </Table.Th>
                <Table.Th scope="col" ta="right">
                  {words.ofRound(newest)}
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {measures.map(({ name, format, of }) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400}>
                    {name}
                  </Table.Th>
                  <Figure value={older[of]} format={format} />
                  <Figure value={newer[of]} format={format} />
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        }
      />
      <Group>
        <Button variant="subtle" size="compact-sm" onClick={onEnd}>
          {words.endComparison}
        </Button>
      </Group>
    </Stack>
  )
}

interface RollbackDialogProps {
  readonly row: VersionRow | null
  readonly manifest: Manifest
  readonly onClose: () => void
  readonly onSend: (row: VersionRow, reason: string) => void
}

function RollbackDialog({ row, manifest, onClose, onSend }: RollbackDialogProps) {
  const { versions: words } = texts.model
  const id = useId()
  const [reason, setReason] = useState('')
  return (
    <Dialog isOpen={row !== null} onClose={onClose} labelledBy={id}>
      {row && (
        <Stack gap="md">
          <Title order={2} id={id}>
            {words.rollbackHeading(shownRound(row.round, manifest))}
          </Title>
          <Text>{words.rollbackText}</Text>
          <TextInput
            label={words.rollbackReason}
            value={reason}
            maxLength={120}
            onChange={event => setReason(event.currentTarget.value)}
          />
          <Group gap="sm">
            <Button onClick={() => onSend(row, reason.trim())}>{words.rollbackSend}</Button>
            <Button variant="subtle" onClick={onClose}>
              {words.rollbackCancel}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
