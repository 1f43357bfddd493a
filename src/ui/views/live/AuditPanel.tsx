import { Anchor, Button, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { type OwnAudit, ownAudit, rowOf } from '../../../app/desks/auditsView.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { sameAddress } from '../../../study/types.ts'
import { asErrorData } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { creditsOf } from '../../format.ts'
import { auditsUrl } from '../../route.ts'
import { auditsTexts, ownAuditText } from '../../texts/audits.ts'
import { creditsText, gasText } from '../../wallet/amounts.ts'
import { AuditTable } from '../audits/AuditTable.tsx'
import { ActionError } from './ActionError.tsx'
import { useChainNow } from './useChainNow.ts'

interface AuditPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** In a proven study: whether this hospital has to prove its training, how far it is, and everybody's audits so far. */
export function AuditPanel({ view, session }: AuditPanelProps) {
  const { panel: words } = auditsTexts
  const { study, audits } = view
  if (study?.manifest.proving === undefined) return null
  const own = view.stage === 'running' ? ownAudit(view.round) : null
  const rows = audits.rows ?? []
  if (own === null && rows.length === 0) return null
  return (
    <section data-testid="prove-panel" data-audit={own?.kind}>
      <Panel
        question={words.heading}
        answer={<Text aria-live="polite">{own === null ? words.notNow : ownAuditText(own)}</Text>}
      >
        {own && <Own own={own} view={view} session={session} />}
        {rows.length > 0 && (
          <Stack gap="xs">
            <Title order={3}>{words.list}</Title>
            <AuditTable rows={rows} members={view.round?.snapshot?.members ?? []} people={view.people} />
            <Text size="sm">
              <Anchor href={auditsUrl(study.address)} target="_blank">
                {words.others}
              </Anchor>
            </Text>
          </Stack>
        )}
        {audits.error && <ActionError error={audits.error} />}
      </Panel>
    </section>
  )
}

function Own({ own, view, session }: AuditPanelProps & { readonly own: OwnAudit }) {
  const { panel: words } = auditsTexts
  const isOwed = own.kind === 'proving' || own.kind === 'stopped' || own.kind === 'waiting'
  const failure = view.round?.lastError?.task.type === 'prove' ? view.round.lastError.error : null
  return (
    <>
      {own.kind === 'proving' && (
        <Stack gap={4}>
          <Progress value={100 * (own.share ?? 0)} size="lg" aria-label={words.barLabel} />
          <Text size="sm" c="dimmed" mih="1lh">
            {own.share !== null && words.done(own.share)}
          </Text>
        </Stack>
      )}
      {isOwed && (
        <>
          <Group gap="md">
            {own.kind === 'stopped' && view.round?.paused ? (
              <Button variant="default" onClick={() => session.rounds.resume()}>
                {words.resume}
              </Button>
            ) : (
              <Button variant="default" onClick={() => session.rounds.pause()}>
                {words.pause}
              </Button>
            )}
            <Text size="sm" c="dimmed">
              {words.pauseHint}
            </Text>
          </Group>
          <Stakes view={view} />
        </>
      )}
      {failure !== null && <ActionError error={asErrorData(failure)} />}
      {own.kind === 'cleared' && <Took view={view} />}
      {(isOwed || own.kind === 'cleared') && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.privacy}
        </Text>
      )}
    </>
  )
}

/** What it costs not to answer, and how much time is left. */
function Stakes({ view }: { readonly view: HospitalView }) {
  const { panel: words } = auditsTexts
  const now = useChainNow(view.live.clock)
  const until = view.round?.snapshot?.deadline ?? 0
  return (
    <Text size="sm" className="ward-measure">
      {view.audits.rules && words.cost(creditsOf(creditsText(view.audits.cost)))}{' '}
      {now !== null && until > 0 && words.left(until - now)}
    </Text>
  )
}

/** What the proof took, and who paid for it. */
function Took({ view }: { readonly view: HospitalView }) {
  const { panel: words } = auditsTexts
  const { round, address, audits } = view
  const number = round?.snapshot?.round
  if (number === undefined || address === null) return null
  const transaction = rowOf(audits.rows, number, address)?.record.transaction
  if (transaction === undefined) return null
  return <Text size="sm">{words.gas(gasText(transaction.gasUsed), !sameAddress(transaction.from, address))}</Text>
}
