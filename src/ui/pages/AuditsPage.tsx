import { Anchor, Button, Group, List, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { type AuditorDesk, type AuditorView, type AuditProgress, openAuditorDesk } from '../../app/auditorDesk.ts'
import { type AuditRow, countAudits, rowId } from '../../app/desks/auditsView.ts'
import type { Site } from '../../app/site.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import type { Address as AddressValue } from '../../study/types.ts'
import { Address } from '../components/Address.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { hospitalUrl, type Route } from '../route.ts'
import { auditProgressText, auditsTexts } from '../texts/audits.ts'
import { AuditTable } from '../views/audits/AuditTable.tsx'
import { ActionError } from '../views/live/ActionError.tsx'

interface AuditsPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'audits' }>
}

/** Milliseconds between looks at the chain. */
const LOOK_MS = { dev: 2_000, public: 15_000 } as const

/** Every audit of a study, and each of its proofs to be checked again: for anybody, without a wallet. */
export function AuditsPage({ site, route: { study } }: AuditsPageProps) {
  const words = auditsTexts.page
  const isAddress = study !== null && /^0x[0-9a-fA-F]{40}$/.test(study)
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <Anchor href="/" size="sm">
          ← {words.back}
        </Anchor>
        <Title order={1}>{words.heading}</Title>
      </Stack>
      {isAddress ? (
        <Audits site={site} study={study as AddressValue} />
      ) : (
        <Panel question={words.what.heading} answer={words.noStudy} />
      )}
    </Stack>
  )
}

function Audits({ site, study }: { readonly site: Site; readonly study: AddressValue }) {
  const desk = useAuditorDesk(site, study)
  return desk && <Study desk={desk} study={study} />
}

/** Opened once a study, looked at again and again, and closed with the page. */
function useAuditorDesk(site: Site, study: AddressValue): AuditorDesk | null {
  const [desk, setDesk] = useState<AuditorDesk | null>(null)
  useEffect(() => {
    const opened = openAuditorDesk(site, study)
    setDesk(opened)
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      await opened.refresh()
      timer = setTimeout(look, site.chainId === DEV_CHAIN_ID ? LOOK_MS.dev : LOOK_MS.public)
    }
    void look()
    return () => {
      clearTimeout(timer)
      void opened.close()
    }
  }, [site, study])
  return desk
}

function Study({ desk, study }: { readonly desk: AuditorDesk; readonly study: AddressValue }) {
  const words = auditsTexts.page
  const view = useStore(desk.store)
  const { info, isProven, rows, error } = view
  return (
    <>
      <Group gap="sm">
        <Text>{info?.name}</Text>
        <Address address={study} />
        <Anchor href={hospitalUrl({ study, hospital: null })} size="sm">
          {words.toStudy}
        </Anchor>
      </Group>
      {error && <ErrorPanel error={error} />}
      {isProven === false && <Panel question={words.what.heading} answer={words.notProven} />}
      {isProven !== false && rows === null && error === null && (
        <Stack gap="md" aria-busy="true">
          <Text c="dimmed" role="status">
            {words.reading}
          </Text>
          <Skeleton height={240} />
        </Stack>
      )}
      {rows !== null && (
        <>
          <ListPanel desk={desk} view={view} rows={rows} />
          <WhatPanel view={view} rows={rows} />
        </>
      )}
    </>
  )
}

interface RowsProps {
  readonly view: AuditorView
  readonly rows: readonly AuditRow[]
}

function WhatPanel({ view, rows }: RowsProps) {
  const words = auditsTexts.page.what
  const counted = countAudits(rows)
  return (
    <Panel question={words.heading} answer={counted.rounds === 0 ? words.none : words.some(counted)}>
      <Stack gap={4}>
        <Title order={3}>{words.shows}</Title>
        <List spacing={4}>
          {words.showsList.map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </Stack>
      <Stack gap={4}>
        <Title order={3}>{words.not}</Title>
        <List spacing={4}>
          {words.notList.map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </Stack>
      {view.rules && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.draw(view.rules.hospitalsBps / 10_000)}
        </Text>
      )}
    </Panel>
  )
}

function ListPanel({ desk, view, rows }: RowsProps & { readonly desk: AuditorDesk }) {
  const { list: words, checkAll, checkingAll } = auditsTexts.page
  const { members, people, checks } = view
  const [checked, setChecked] = useState<number | null>(null)
  const provable = rows.filter(({ verdict }) => verdict === 'proven')
  const all = async () => {
    for (const [done, row] of provable.entries()) {
      setChecked(done)
      await desk.verify(row)
    }
    setChecked(null)
  }
  return (
    <Panel question={words.heading} answer={rows.length === 0 ? words.empty : words.answer}>
      {provable.length > 0 && (
        <Group>
          <Button loading={checked !== null} onClick={() => void all()}>
            {checkAll}
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {checked !== null && checkingAll(checked, provable.length)}
          </Text>
        </Group>
      )}
      {rows.length > 0 && (
        <AuditTable
          rows={rows}
          members={members}
          people={people}
          below={(row, hospital) =>
            row.verdict === 'proven' ? (
              <Check
                desk={desk}
                row={row}
                hospital={hospital}
                progress={checks[rowId(row)]}
                isBusy={checked !== null}
              />
            ) : null
          }
        />
      )}
    </Panel>
  )
}

interface CheckProps {
  readonly desk: AuditorDesk
  readonly row: AuditRow
  readonly hospital: string
  readonly progress: AuditProgress | undefined
  /** Whether all are being checked. */
  readonly isBusy: boolean
}

/** Checks one proof again, and says what came of it. */
function Check({ desk, row, hospital, progress, isBusy }: CheckProps) {
  const words = auditsTexts.check
  const isRunning = progress?.stage === 'fetching' || progress?.stage === 'checking'
  return (
    <Stack gap="xs" pb="xs">
      <Group>
        <Button
          variant="default"
          size="compact-sm"
          data-testid="audit-verify"
          aria-label={words.label(hospital, row.record.round)}
          loading={isRunning}
          disabled={isBusy && !isRunning}
          onClick={() => void desk.verify(row)}
        >
          {progress?.stage === 'done' ? words.again : words.button}
        </Button>
      </Group>
      {progress && <Found progress={progress} hospital={hospital} />}
    </Stack>
  )
}

/** What came of the check, or where it is. */
function Found({ progress, hospital }: { readonly progress: AuditProgress; readonly hospital: string }) {
  if (progress.stage === 'failed') return <ActionError error={progress.error} />
  const isBad = progress.stage === 'done' && !progress.finding.holds
  return (
    <Text
      size="sm"
      role={isBad ? 'alert' : 'status'}
      className="ward-measure"
      data-testid="audit-verdict"
      data-holds={progress.stage === 'done' ? progress.finding.holds : undefined}
      {...(isBad && { c: 'var(--ward-danger)' })}
    >
      {progress.stage === 'done' && <span aria-hidden="true">{isBad ? '■ ' : '✓ '}</span>}
      {auditProgressText(progress, hospital)}
    </Text>
  )
}
