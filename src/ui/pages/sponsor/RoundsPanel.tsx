import { Badge, Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { lazy, Suspense, useId, useState } from 'react'
import { shownRound } from '../../../app/phases.ts'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { FollowedStudy } from '../../../app/sponsorFollow.ts'
import type { ModelVersion } from '../../../chain/reads.ts'
import { rollbackModel } from '../../../chain/sponsor.ts'
import { cidText } from '../../../crypto/cid.ts'
import { Mode } from '../../../rounds/ports.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { Panel } from '../../components/Panel.tsx'
import { exactTime } from '../../format.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { useAction } from './useAction.ts'

const LineChart = lazy(() => import('../../charts/LineChart.tsx').then(module => ({ default: module.LineChart })))

interface RoundsPanelProps {
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly isMine: boolean
  readonly refresh: () => Promise<void>
}

/** Basis points as a signed percentage. @example gain(-34) // '−0.34 %' */
function gain(metric: number): string {
  const percent = metric / 100
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(2)} %`
}

const asPercent = (value: number) => gain(value * 100)

/** Every finished round with its model; any of them can be recommended. */
export function RoundsPanel({ desk, followed, isMine, refresh }: RoundsPanelProps) {
  const words = sponsorTexts.follow.rounds
  const { versions, current, rules, snapshot } = followed
  const isScored = snapshot.mode === Mode.Committee || snapshot.scored
  // Where updates stay masked a score is a direction.
  const shown = snapshot.scored
    ? { name: words.score, hint: words.scoreHint, axis: words.scoreAxis, chart: words.scoreChart }
    : { name: words.gain, hint: words.gainHint, axis: words.gainAxis, chart: words.chart }
  const [chosen, setChosen] = useState<ModelVersion | null>(null)
  const scored = versions.filter(({ round }) => shownRound(round, rules) > 0)
  const gains = scored.map(({ metric }) => metric / 100)
  return (
    <Panel question={words.heading} answer={versions.length === 0 ? words.none : undefined}>
      {isScored && gains.length > 1 && (
        <Suspense>
          <LineChart
            x={scored.map(({ round }) => shownRound(round, rules))}
            xLabel={words.round}
            yLabel={shown.axis}
            yRange={[Math.min(0, ...gains), Math.max(1, ...gains)]}
            format={asPercent}
            sentence={shown.chart(gain(scored[0]?.metric ?? 0), gain(scored.at(-1)?.metric ?? 0))}
            series={[{ name: shown.name, values: gains, colour: 'var(--ward-live)' }]}
          />
        </Suspense>
      )}
      {versions.length > 0 && (
        <>
          <div className="ward-table-scroll">
            <Table aria-label={words.caption}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{words.round}</Table.Th>
                  <Table.Th scope="col">{shown.name}</Table.Th>
                  <Table.Th scope="col">{words.signatures}</Table.Th>
                  <Table.Th scope="col">{words.when}</Table.Th>
                  <Table.Th scope="col">{words.model}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {[...versions].reverse().map(model => {
                  const round = shownRound(model.round, rules)
                  return (
                    <Table.Tr key={String(model.version)}>
                      <Table.Th scope="row">{round === 0 ? words.zero : round}</Table.Th>
                      <Table.Td>{round === 0 || !isScored ? '–' : gain(model.metric)}</Table.Td>
                      <Table.Td>{model.seats.toString(2).replaceAll('0', '').length}</Table.Td>
                      <Table.Td>{exactTime(model.time * 1000)}</Table.Td>
                      <Table.Td>
                        <Group gap="xs" wrap="nowrap">
                          <Text component="span" ff="monospace" size="sm" title={cidText(model.header)}>
                            {cidText(model.header).slice(0, 8)}…{cidText(model.header).slice(-4)}
                          </Text>
                          {model.version === current?.version ? (
                            <Badge variant="outline" tt="none" color="var(--ward-live)">
                              {words.recommended}
                            </Badge>
                          ) : (
                            isMine &&
                            current !== undefined &&
                            model.version < current.version && (
                              <Button
                                variant="subtle"
                                size="compact-sm"
                                aria-label={words.rollbackLabel(round)}
                                onClick={() => setChosen(model)}
                              >
                                {words.rollback}
                              </Button>
                            )
                          )}
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                  )
                })}
              </Table.Tbody>
            </Table>
          </div>
          <Text size="sm" c="dimmed">
            {isScored ? shown.hint : words.notScored}
          </Text>
        </>
      )}
      <RollbackDialog
        desk={desk}
        followed={followed}
        model={chosen}
        onClose={() => setChosen(null)}
        refresh={refresh}
      />
    </Panel>
  )
}

interface RollbackDialogProps extends Omit<RoundsPanelProps, 'isMine'> {
  readonly model: ModelVersion | null
  readonly onClose: () => void
}

function RollbackDialog({ desk, followed, model, onClose, refresh }: RollbackDialogProps) {
  const words = sponsorTexts.follow.rounds
  const action = useAction()
  const id = useId()
  const [reason, setReason] = useState('')
  const [hasTried, setTried] = useState(false)
  const isMissing = reason.trim() === ''
  const recommend = async ({ version }: ModelVersion) => {
    setTried(true)
    if (isMissing) return
    const done = await action.run(async () => {
      await rollbackModel(desk.access, followed.study, version, reason.trim())
      await refresh()
    })
    if (done) onClose()
  }
  return (
    <Dialog isOpen={model !== null} onClose={onClose} labelledBy={id}>
      {model && (
        <Stack gap="md">
          <Title order={2} id={id}>
            {words.rollbackHeading(shownRound(model.round, followed.rules))}
          </Title>
          <Text className="ward-measure">{words.rollbackExplains}</Text>
          <TextInput
            label={words.reason}
            value={reason}
            maxLength={200}
            error={hasTried && isMissing ? words.reasonMissing : null}
            onChange={event => setReason(event.currentTarget.value)}
          />
          {action.error && <ActionError error={action.error} />}
          <Group gap="sm">
            <Button loading={action.isBusy} onClick={() => void recommend(model)}>
              {words.rollback}
            </Button>
            <Button variant="default" onClick={onClose}>
              {words.rollbackNo}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
