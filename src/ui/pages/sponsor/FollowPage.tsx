import { Anchor, Button, Group, List, NumberInput, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useId, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { isDrawing, phaseName, shownPhase, shownRound } from '../../../app/phases.ts'
import type { Site } from '../../../app/site.ts'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import { type FollowedStudy, type Notice, noticesOf, readFollowed } from '../../../app/sponsorFollow.ts'
import { roundWei } from '../../../app/sponsorForm.ts'
import { endReasons } from '../../../app/sponsorReport.ts'
import { weiOf } from '../../../app/wei.ts'
import { DEV_CHAIN_ID, type Wallet } from '../../../chain/clients.ts'
import { fundGasPot, reclaimGas } from '../../../chain/gasPot.ts'
import { withdraw } from '../../../chain/hospital.ts'
import { advanceStudy, startTask, stopTask } from '../../../chain/sponsor.ts'
import { Mode, Phase, RoundKind } from '../../../rounds/ports.ts'
import { type Address as AddressValue, sameAddress } from '../../../study/types.ts'
import { Address } from '../../components/Address.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { creditsOf, inTime } from '../../format.ts'
import { auditsUrl } from '../../route.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { creditsText, etherText } from '../../wallet/amounts.ts'
import { MembersPanel } from './MembersPanel.tsx'
import { ReportPanel } from './ReportPanel.tsx'
import { RoundsPanel } from './RoundsPanel.tsx'
import { SignerLine, usePurse } from './Signer.tsx'
import { useAction } from './useAction.ts'

interface FollowPageProps {
  readonly site: Site
  readonly wallet: Wallet
  readonly desk: SponsorDesk
  readonly study: AddressValue
  readonly account: number | null
  readonly onDraft: (id: string) => void
}

/** Milliseconds between looks at the chain. */
const LOOK_MS = { dev: 1000, public: 6000 } as const

/** One study: how it does, what it needs, who is in it, and where the money is. */
export function FollowPage(props: FollowPageProps) {
  const { site, wallet, desk, study, account } = props
  const words = sponsorTexts
  const followed = useQuery({
    queryKey: ['followed', site.deploymentId, study],
    queryFn: () => readFollowed(desk.access, study),
    refetchInterval: site.chainId === DEV_CHAIN_ID ? LOOK_MS.dev : LOOK_MS.public,
  })
  useEffect(() => {
    // It also brings to the relays what they still lack. That another tab has it open is no trouble here.
    desk.reachRelays().catch(() => undefined)
  }, [desk])
  const { data } = followed
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <Anchor href={account === null ? '/sponsor' : `/sponsor?account=${account}`} size="sm">
          ← {words.back}
        </Anchor>
        <Group gap="sm">
          <Title order={1}>{words.follow.heading(data?.name ?? '')}</Title>
          <Address address={study} />
        </Group>
        <SignerLine site={site} wallet={wallet} number={account} />
      </Stack>
      {followed.error && <ErrorPanel error={asErrorData(followed.error)} />}
      {data === undefined ? (
        followed.error === null && <Skeleton height={320} />
      ) : (
        <Followed {...props} followed={data} lookedAt={followed.dataUpdatedAt} />
      )}
    </Stack>
  )
}

interface FollowedProps extends FollowPageProps {
  readonly followed: FollowedStudy
  /** Milliseconds since 1970, this computer's clock. */
  readonly lookedAt: number
}

function Followed(props: FollowedProps) {
  const { site, wallet, desk, followed, account } = props
  const words = sponsorTexts.follow
  const isMine = sameAddress(followed.sponsor, wallet.account.address)
  const { phase } = followed.snapshot
  const refresh = useRefresh(site, followed.study)
  return (
    <>
      <StandsPanel {...props} isMine={isMine} refresh={refresh} />
      <MembersPanel site={site} desk={desk} followed={followed} isMine={isMine} account={account} refresh={refresh} />
      <RoundsPanel desk={desk} followed={followed} isMine={isMine} refresh={refresh} />
      <MoneyPanel followed={followed} />
      <ReportPanel site={site} desk={desk} followed={followed} />
      {isMine && (
        <Group className="ward-no-print" align="start">
          <Clone {...props} />
          {phase !== Phase.Ended && phase !== Phase.Draft && (
            <StopEarly desk={desk} followed={followed} refresh={refresh} />
          )}
        </Group>
      )}
      {!isMine && (
        <Text size="sm" c="dimmed">
          {words.notMine}
        </Text>
      )}
    </>
  )
}

/** Looks again at once after something was signed. */
function useRefresh(site: Site, study: AddressValue): () => Promise<void> {
  const queries = useQueryClient()
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['followed', site.deploymentId, study] }),
      queries.invalidateQueries({ queryKey: ['purse', site.deploymentId] }),
    ])
  }
}

/** The chain's clock: the newest block's time and what passed here since it was read. */
function useChainSeconds(followed: FollowedStudy, lookedAt: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return followed.snapshot.time + Math.max(0, Math.floor((now - lookedAt) / 1000))
}

interface StandsPanelProps extends FollowedProps {
  readonly isMine: boolean
  readonly refresh: () => Promise<void>
}

function StandsPanel({ site, wallet, desk, followed, lookedAt, isMine, refresh, onDraft }: StandsPanelProps) {
  const words = sponsorTexts.follow
  const { snapshot, rules, audits } = followed
  const now = useChainSeconds(followed, lookedAt)
  const { data: purse } = usePurse(site, wallet.account.address)
  const { drafts } = useStore(desk.store)
  const draft = drafts?.find(({ progress }) => progress.study !== null && sameAddress(progress.study, followed.study))
  const seats = Math.min(rules.maxSeats, Math.max(2, followed.members.length))
  const notices = noticesOf(followed, {
    now,
    roundWei: roundWei(seats, purse?.gasPrice ?? 0n, {
      isMasked: snapshot.mode === Mode.Masked,
      isScored: snapshot.scored,
      ...(audits && { audits: { hospitals: followed.members.length, hospitalsBps: audits.hospitalsBps } }),
    }),
    hasRelay: desk.hasRelay(),
    hasPot: followed.pot > 0n || (draft?.plan?.gasWei ?? 0n) > 0n,
  })
  const phase = phaseName(snapshot.phase)
  const isZero = snapshot.kind === RoundKind.Statistics && snapshot.round > 0 && snapshot.phase !== Phase.Ended
  const stands = isZero
    ? words.roundZero
    : words.stands(shownPhase(snapshot), shownRound(snapshot.round, rules), rules.rounds)
  return (
    <Panel
      question={words.now}
      answer={
        <span data-testid="sponsor-phase" data-phase={phase}>
          {stands}{' '}
          {snapshot.phase === Phase.Ended
            ? words.end[endReasons[snapshot.endReason] ?? 'running']
            : snapshot.deadline > 0 &&
              !isDrawing(snapshot) &&
              (now >= snapshot.deadline ? words.deadlineOver : words.deadline(inTime(snapshot.deadline - now)))}
        </span>
      }
    >
      <Text size="sm" c="dimmed">
        {words.done(snapshot.completed, rules.rounds)}
      </Text>
      {audits && (
        <Text size="sm">
          <Anchor href={auditsUrl(followed.study)}>{words.audits}</Anchor>
        </Text>
      )}
      {isMine && (
        <Stack gap="sm">
          <Title order={3}>{words.notices.heading}</Title>
          <ul className="ward-notices" aria-live="polite">
            {notices.length === 0 && (
              <li data-kind="calm">
                <Text className="ward-measure">
                  {snapshot.phase === Phase.Ended ? words.notices.nothingEnded : words.notices.nothing}
                </Text>
              </li>
            )}
            {notices.map(notice => (
              <li
                key={notice.kind}
                data-notice={notice.kind}
                data-kind={notice.kind === 'waitingForHospitals' || notice.kind === 'readyToStart' ? 'calm' : undefined}
              >
                <Stack gap="sm">
                  <Text className="ward-measure">{words.notice(notice)}</Text>
                  <NoticeAction
                    notice={notice}
                    desk={desk}
                    followed={followed}
                    refresh={refresh}
                    draft={draft?.id}
                    onDraft={onDraft}
                  />
                </Stack>
              </li>
            ))}
          </ul>
          <GotBack site={site} desk={desk} followed={followed} notices={notices} refresh={refresh} />
        </Stack>
      )}
    </Panel>
  )
}

interface NoticeActionProps {
  readonly notice: Notice
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly refresh: () => Promise<void>
  readonly draft: string | undefined
  readonly onDraft: (id: string) => void
}

/** What one can do about a notice; nothing where there is nothing to do. */
function NoticeAction({ notice, desk, followed, refresh, draft, onDraft }: NoticeActionProps) {
  const words = sponsorTexts.follow.act
  const { access } = desk
  const { study } = followed
  switch (notice.kind) {
    case 'readyToStart':
      return (
        <ActButton work={() => startTask(access, study)} refresh={refresh}>
          {notice.mayJoin > 0 ? words.startAnyway(notice.joined) : words.start}
        </ActButton>
      )
    case 'tooFewInTime':
    case 'overdue':
      return (
        <ActButton work={() => advanceStudy(access, study)} refresh={refresh}>
          {words.advance}
        </ActButton>
      )
    case 'potEmpty':
    case 'potLow':
      return <TopUp desk={desk} study={study} refresh={refresh} />
    case 'unfunded':
      return (
        draft !== undefined && (
          <Group>
            <Button onClick={() => onDraft(draft)}>{words.continueDraft}</Button>
          </Group>
        )
      )
    default:
      return null
  }
}

interface ActButtonProps {
  readonly work: () => Promise<unknown>
  readonly refresh: () => Promise<void>
  readonly variant?: 'filled' | 'default'
  readonly children: ReactNode
}

function ActButton({ work, refresh, variant = 'filled', children }: ActButtonProps) {
  const action = useAction()
  return (
    <Stack gap="xs">
      <Group>
        <Button
          variant={variant}
          loading={action.isBusy}
          onClick={() =>
            void action.run(async () => {
              await work()
              await refresh()
            })
          }
        >
          {children}
        </Button>
      </Group>
      {action.error && <ActionError error={action.error} />}
    </Stack>
  )
}

function TopUp({
  desk,
  study,
  refresh,
}: Pick<NoticeActionProps, 'desk' | 'refresh'> & { readonly study: AddressValue }) {
  const words = sponsorTexts.follow.act
  const [eth, setEth] = useState<number | string>(0.01)
  const action = useAction()
  const wei = weiOf(Number(eth))
  return (
    <Stack gap="xs">
      <Group align="end">
        <NumberInput label={words.topUpAmount} value={eth} onChange={setEth} min={0} step={0.01} decimalScale={9} />
        <Button
          loading={action.isBusy}
          disabled={wei <= 0n}
          onClick={() =>
            void action.run(async () => {
              await fundGasPot(desk.access, study, wei)
              await refresh()
            })
          }
        >
          {words.topUp}
        </Button>
      </Group>
      {action.error && <ActionError error={action.error} />}
    </Stack>
  )
}

interface GotBackProps {
  readonly site: Site
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly notices: readonly Notice[]
  readonly refresh: () => Promise<void>
}

/** Takes out the refund and what is left in the gas pot: one click, up to two signatures. */
function GotBack({ desk, followed, notices, refresh }: GotBackProps) {
  const words = sponsorTexts.follow.act
  const action = useAction()
  const [got, setGot] = useState<{ readonly credits: bigint; readonly wei: bigint } | null>(null)
  const { study, refund, pot } = followed
  const isOwed = notices.some(({ kind }) => kind === 'refund' || kind === 'potLeft')
  const take = () =>
    void action.run(async () => {
      let credits = 0n
      let wei = 0n
      if (refund > 0n) credits = await withdraw(desk.access, study)
      setGot({ credits, wei })
      if (pot > 0n) wei = await reclaimGas(desk.access, study)
      setGot({ credits, wei })
      await refresh()
    })
  return (
    <Stack gap="xs">
      {isOwed && (
        <Group>
          <Button loading={action.isBusy} onClick={take}>
            {words.withdraw}
          </Button>
        </Group>
      )}
      {action.error && <ActionError error={action.error} />}
      <div role="status">
        {got && !action.isBusy && (
          <Text data-testid="got-back">
            {words.gotBack(creditsOf(creditsText(got.credits)), got.wei > 0n ? etherText(got.wei) : null)}
          </Text>
        )}
      </div>
    </Stack>
  )
}

function MoneyPanel({ followed }: { readonly followed: FollowedStudy }) {
  const words = sponsorTexts.follow.money
  const { members, unspent, refund, pot, snapshot } = followed
  const sums = useMemo(
    () => ({
      owed: members.reduce((sum, { reward }) => sum + reward, 0n),
      stakes: members.reduce((sum, { stake }) => sum + stake, 0n),
    }),
    [members],
  )
  const amount = (units: bigint) => creditsOf(creditsText(units))
  return (
    <Panel question={words.heading}>
      <dl className="ward-money" aria-label={words.caption}>
        {snapshot.phase !== Phase.Ended && (
          <>
            <dt>
              {words.unspent}
              <small>{words.unspentHint}</small>
            </dt>
            <dd data-testid="unspent">{amount(unspent)}</dd>
          </>
        )}
        <dt>{words.owed}</dt>
        <dd>{amount(sums.owed)}</dd>
        <dt>{words.stakes}</dt>
        <dd>{amount(sums.stakes)}</dd>
        {snapshot.phase === Phase.Ended && (
          <>
            <dt>{words.refund}</dt>
            <dd data-testid="refund">{amount(refund)}</dd>
          </>
        )}
        <dt>
          {words.pot}
          <small>{words.potHint}</small>
        </dt>
        <dd data-testid="gas-pot">{etherText(pot)}</dd>
      </dl>
    </Panel>
  )
}

function Clone({ desk, study, onDraft }: FollowPageProps) {
  const words = sponsorTexts.follow.act
  const action = useAction()
  return (
    <Stack gap="xs">
      <Button
        variant="default"
        loading={action.isBusy}
        onClick={() =>
          void action.run(async () => {
            const id = await desk.cloneStudy(study)
            onDraft(id)
          })
        }
      >
        {words.clone}
      </Button>
      <div role="status">
        {action.isBusy && (
          <Text size="sm" c="dimmed">
            {words.cloning}
          </Text>
        )}
      </div>
      {action.error && <ActionError error={action.error} />}
    </Stack>
  )
}

interface StopEarlyProps {
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly refresh: () => Promise<void>
}

function StopEarly({ desk, followed, refresh }: StopEarlyProps) {
  const words = sponsorTexts.follow
  const [isOpen, setOpen] = useState(false)
  const action = useAction()
  const id = useId()
  const { snapshot, unspent, study } = followed
  const runs = snapshot.phase !== Phase.Open && snapshot.phase !== Phase.Settle
  const stop = async () => {
    const ended = await action.run(async () => {
      await stopTask(desk.access, study)
      await refresh()
    })
    if (ended) setOpen(false)
  }
  return (
    <>
      <Button variant="default" c="var(--ward-danger)" onClick={() => setOpen(true)}>
        {words.act.stop}
      </Button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} labelledBy={id}>
        <Stack gap="md">
          <Title order={2} id={id}>
            {words.stop.heading}
          </Title>
          <List spacing="xs">
            {runs && <List.Item>{words.stop.running}</List.Item>}
            <List.Item>{words.stop.stakes}</List.Item>
            <List.Item>{words.stop.earned}</List.Item>
            <List.Item>{words.stop.unspent(creditsOf(creditsText(unspent)))}</List.Item>
            {snapshot.completed > 0 && <List.Item>{words.stop.models}</List.Item>}
          </List>
          <Text fw={600}>{words.stop.final}</Text>
          {action.error && <ActionError error={action.error} />}
          <Group gap="sm">
            <Button variant="outline" color="var(--ward-danger)" loading={action.isBusy} onClick={() => void stop()}>
              {words.stop.yes}
            </Button>
            <Button variant="default" onClick={() => setOpen(false)}>
              {words.stop.no}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  )
}
