import { Button, Group, List, Stack, Table, Text, Title } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { shownRound } from '../../../app/phases.ts'
import type { Site } from '../../../app/site.ts'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { FollowedStudy } from '../../../app/sponsorFollow.ts'
import { makeReport, type StudyReport } from '../../../app/sponsorReport.ts'
import { weiOf } from '../../../app/wei.ts'
import { createStudyHistory } from '../../../chain/studyHistory.ts'
import { sameAddress } from '../../../study/types.ts'
import { Panel } from '../../components/Panel.tsx'
import { credits } from '../../format.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { etherText } from '../../wallet/amounts.ts'
import { useAction } from './useAction.ts'

interface ReportPanelProps {
  readonly site: Site
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
}

/** The final report, made from the chain's events when it is asked for. */
export function ReportPanel({ site, desk, followed }: ReportPanelProps) {
  const words = sponsorTexts.follow.report
  const action = useAction()
  const { drafts } = useStore(desk.store)
  const [report, setReport] = useState<StudyReport | null>(null)
  const { study } = followed
  const fromBlock = drafts?.find(({ progress }) => progress.study !== null && sameAddress(progress.study, study))?.plan
    ?.fromBlock
  // One cursor for this study: making the report again reads only what is new.
  const read = useMemo(() => createStudyHistory(desk.access, study, fromBlock), [desk, study, fromBlock])
  const make = () => void action.run(async () => setReport(makeReport(followed, await read(), site)))
  return (
    <Panel question={words.heading} answer={words.answer}>
      <Group className="ward-no-print">
        <Button variant="default" loading={action.isBusy} onClick={make}>
          {words.make}
        </Button>
        {report && (
          <>
            <Button variant="default" onClick={() => window.print()}>
              {words.print}
            </Button>
            <Button variant="default" onClick={() => download(report)}>
              {words.json}
            </Button>
          </>
        )}
      </Group>
      <div role="status">
        {action.isBusy && (
          <Text size="sm" c="dimmed">
            {words.making}
          </Text>
        )}
      </div>
      {action.error && <ActionError error={action.error} />}
      {report && <Report report={report} standardise={followed.rules.standardise} />}
    </Panel>
  )
}

function download(report: StudyReport): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = sponsorTexts.follow.report.file(report.study)
  link.click()
  // The download has taken it over by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

function Report({ report, standardise }: { readonly report: StudyReport; readonly standardise: boolean }) {
  const words = sponsorTexts.follow.report
  const { end, rounds, transactions } = report
  const facts = [
    [words.rows.study, report.study],
    [words.rows.sponsor, report.sponsor],
    [words.rows.manifest, report.manifestUri],
    [words.rows.deposit, credits(report.deposit)],
    [words.rows.paidOut, credits(report.paidOut)],
    [words.rows.returned, credits(report.returned)],
    [
      words.rows.transactions,
      words.rows.gas(transactions.count, transactions.gas, etherText(weiOf(transactions.feeEth))),
    ],
  ] as const
  const nameOf = (round: number) => String(shownRound(round, { standardise }))
  return (
    <Stack gap="md" className="ward-report" data-testid="report">
      <Title order={3}>{report.name}</Title>
      <Text>
        {end === 'running'
          ? words.soFar
          : words.summary(sponsorTexts.follow.end[end], rounds.completed, rounds.planned)}
      </Text>
      <dl className="ward-money">
        {facts.map(([name, value]) => (
          <div key={name} className="ward-fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="ward-table-scroll">
        <Table aria-label={words.roundsCaption}>
          <Table.Thead>
            <Table.Tr>
              {Object.values(words.columns).map(column => (
                <Table.Th key={column} scope="col">
                  {column}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.history.map(round => (
              <Table.Tr key={round.round}>
                <Table.Th scope="row">{nameOf(round.round)}</Table.Th>
                <Table.Td>{round.participants.join(', ')}</Table.Td>
                <Table.Td>{round.survivors.join(', ')}</Table.Td>
                <Table.Td>{round.gainPercent === null ? '–' : `${round.gainPercent.toFixed(2)} %`}</Table.Td>
                <Table.Td>{credits(round.rewards)}</Table.Td>
                <Table.Td>{credits(round.forfeits)}</Table.Td>
                <Table.Td className="ward-cid">{round.model?.cid ?? words.outcome[round.outcome]}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <div className="ward-table-scroll">
        <Table aria-label={words.participantsCaption}>
          <Table.Thead>
            <Table.Tr>
              {Object.values(words.participants).map(column => (
                <Table.Th key={column} scope="col">
                  {column}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.participants.map(hospital => (
              <Table.Tr key={hospital.address}>
                <Table.Th scope="row">{hospital.name}</Table.Th>
                <Table.Td>{hospital.updates}</Table.Td>
                <Table.Td>{credits(hospital.rewards)}</Table.Td>
                <Table.Td>{credits(hospital.forfeited)}</Table.Td>
                <Table.Td>
                  {hospital.faults
                    .map(({ round, reason }) => words.fault(shownRound(round, { standardise }), reason))
                    .join('; ') || '–'}
                </Table.Td>
                <Table.Td>{hospital.gas.toLocaleString('en-GB')}</Table.Td>
                <Table.Td>{hospital.left ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {report.rollbacks.length > 0 && (
        <List>
          {report.rollbacks.map(({ from, to, reason }) => (
            <List.Item key={`${from}-${to}`}>{words.rollbacks(from, to, reason)}</List.Item>
          ))}
        </List>
      )}
    </Stack>
  )
}
