import { Anchor, Button, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useId } from 'react'
import type { JoinDesk } from '../../../app/desks/joining.ts'
import type { JoinTerms } from '../../../app/desks/joinView.ts'
import { entryOf } from '../../../app/join/entry.ts'
import { nameFor } from '../../../app/people.ts'
import type { HospitalView } from '../../../app/store.ts'
import { DEV_CHAIN_ID } from '../../../chain/clients.ts'
import { creditsFrom } from '../../../chain/credits.ts'
import { AppError } from '../../../errors/AppError.ts'
import type { Manifest } from '../../../study/manifest.ts'
import { HospitalMark } from '../../components/HospitalMark.tsx'
import { credits, wholePercent } from '../../format.ts'
import { auditsTexts } from '../../texts/audits.ts'
import { lasting } from '../../texts/join.ts'
import { scoringOpens } from '../../texts/privacy.ts'
import { texts } from '../../texts.ts'
import { useSite } from '../../useSite.ts'
import { markOf } from '../live/who.ts'
import { Notice } from './Notice.tsx'
import { StepPanel } from './StepPanel.tsx'

// Accounting for noise is fetched where there is some.
const Protection = lazy(() => import('../PrivacyCard.tsx').then(module => ({ default: module.Protection })))

interface TermsStepProps {
  readonly view: HospitalView
  readonly desk: JoinDesk
  readonly takesFocus: boolean
}

/** Wei per ether. */
const ETHER = 1e18

/** What joining means, in words, and the one button that does it. */
export function TermsStep({ view, desk, takesFocus }: TermsStepProps) {
  const { terms: words } = texts.join
  const { terms, busy, hasDeclined } = view.joining
  const reasonId = useId()
  const obstacle = terms === null ? null : obstacleOf(view, terms)
  const isBusy = view.stage === 'joining'
  return (
    <StepPanel
      question={words.heading}
      answer={terms === null ? words.reading : words.answer(creditsFrom(terms.stake))}
      takesFocus={takesFocus}
    >
      {terms === null ? <Skeleton height={240} /> : <Facts view={view} terms={terms} desk={desk} />}
      {hasDeclined && <Notice kind="attention">{words.declined}</Notice>}
      {obstacle !== null && (
        <div id={reasonId}>
          <Notice kind="attention">{obstacle}</Notice>
        </div>
      )}
      <Group className="ward-join-actions">
        <Button
          size="md"
          loading={isBusy}
          disabled={terms === null || obstacle !== null}
          aria-describedby={obstacle === null ? undefined : reasonId}
          onClick={() => desk.join()}
        >
          {texts.hospital.join}
        </Button>
      </Group>
      <Text size="sm" c="dimmed" aria-live="polite" className="ward-measure">
        {isBusy && (busy === 'redeeming' || busy === 'entering') && words.stages[busy]}
      </Text>
    </StepPanel>
  )
}

function Facts({
  view,
  terms,
  desk,
}: {
  readonly view: HospitalView
  readonly terms: JoinTerms
  readonly desk: JoinDesk
}) {
  const { terms: words } = texts.join
  const { terms: proofs } = auditsTexts
  const { audits } = terms
  const { joining, study, people, patients, backend, address } = view
  const { snapshot, device } = joining
  const site = useSite()
  const masking = study?.manifest.masking
  const { get, lose } = wordsFor(masking)
  const others = (snapshot?.members ?? []).filter(member => member.toLowerCase() !== address?.toLowerCase())
  return (
    <dl className="ward-join-facts">
      <dt>{words.rows.what}</dt>
      <dd>{study?.manifest.purpose}</dd>
      {snapshot !== null && study !== null && (
        <>
          <dt>{words.rows.when}</dt>
          <dd>{words.entry(entryOf(snapshot, terms, study.manifest), snapshot.time)}</dd>
        </>
      )}
      <dt>{words.rows.owe}</dt>
      <dd>
        <Stack gap={4}>
          <span>
            {words.owe(terms.rounds, terms.roundSeconds, terms.trainSeconds, device?.secondsPerRound ?? null)}
          </span>
          {audits && (
            <span>{proofs.prove(wholePercent(audits.hospitalsBps / 10_000), lasting(audits.auditSeconds))}</span>
          )}
        </Stack>
      </dd>
      <dt>{words.rows.lose}</dt>
      <dd>
        <Stack gap={4}>
          <span>{lose(creditsFrom(terms.stake), terms.slashBps / 10_000)}</span>
          {audits && (
            <span>
              {proofs.lose(audits.slashBps / 100, credits((creditsFrom(terms.stake) * audits.slashBps) / 10_000))}
            </span>
          )}
          <Text size="sm" c="dimmed" component="span">
            {words.gas(Number(terms.gasNeeded) / ETHER)} {site?.chainId === DEV_CHAIN_ID && words.worthless}
          </Text>
        </Stack>
      </dd>
      <dt>{words.rows.get}</dt>
      <dd>{get(creditsFrom(terms.rewardPerRound))}</dd>
      <dt>{words.rows.shared}</dt>
      <dd>
        <List spacing={4}>
          {study !== null && sharedIn(study.manifest).map(sentence => <List.Item key={sentence}>{sentence}</List.Item>)}
        </List>
      </dd>
      <dt>{texts.privacy.card.heading}</dt>
      <dd>
        {study?.manifest.privacy || masking ? (
          <Suspense fallback={<Skeleton height={160} />}>
            <Protection view={view} />
          </Suspense>
        ) : (
          texts.privacy.card.answers.committee
        )}
      </dd>
      <dt>{words.rows.who}</dt>
      <dd>
        <Stack gap={4}>
          {others.length === 0 ? (
            <span>{words.nobody}</span>
          ) : (
            <Group gap="md" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {others.map(member => (
                <Group key={member} component="li" gap={4}>
                  <HospitalMark number={markOf(snapshot?.members, member) ?? 1} />
                  {nameFor(people, member)}
                </Group>
              ))}
            </Group>
          )}
          <Text size="sm" c="dimmed" component="span">
            {words.sponsor(nameFor(people, terms.sponsor))}
          </Text>
        </Stack>
      </dd>
      <dt>{words.rows.bring}</dt>
      <dd>
        {words.bring(patients ?? 0, backend ?? '', device?.secondsPerRound ?? null)}{' '}
        {view.stage === 'ready' && (
          <Anchor component="button" type="button" onClick={() => desk.back()} aria-label={words.changeLabel}>
            {words.change}
          </Anchor>
        )}
      </dd>
    </dl>
  )
}

/** What a hospital gets and can lose, by whether anybody scores its updates. */
function wordsFor(masking: Manifest['masking']) {
  const { terms: words } = texts.join
  if (masking === undefined) return { get: words.get, lose: words.lose }
  if (masking.scored) return { get: words.getScored, lose: words.loseScored }
  return { get: words.getMasked, lose: words.loseMasked }
}

/** What a hospital shares, and with whom. */
function sharedIn({ masking, privacy, compression, patientsPerWeight, proving }: Manifest): readonly string[] {
  const { terms: words } = texts.join
  const proofs = proving === undefined ? [] : [auditsTexts.terms.shared]
  const part = compression === undefined ? [] : [words.sharedPart(compression.keep)]
  if (masking === undefined) return [words.sharedSealed, ...part, words.sharedPublic, ...proofs, words.sharedNever]
  if (masking.scored) {
    return [words.sharedScored, scoringOpens, ...part, words.sharedPublic, words.sharedNeverScored]
  }
  const isWeighed = privacy === undefined && patientsPerWeight > 0
  return [
    words.sharedMasked,
    ...part,
    words.sharedPublicMasked,
    ...proofs,
    ...(isWeighed ? [words.sharedWeight(patientsPerWeight)] : []),
    words.sharedNeverMasked,
  ]
}

/** Why joining cannot work yet; null where nothing is known to stand in the way. */
function obstacleOf({ joining, study, privacy }: HospitalView, terms: JoinTerms): string | null {
  const { terms: words } = texts.join
  const { snapshot, invitation } = joining
  if (snapshot !== null && study !== null) {
    const entry = entryOf(snapshot, terms, study.manifest)
    if (entry.kind === 'full' || entry.kind === 'ended' || entry.kind === 'tooLate') {
      return words.entry(entry, snapshot.time)
    }
  }
  // What the invitation brings is not in the wallet yet.
  if (invitation !== null && invitation.problem === null && !invitation.isRedeemed) return null
  const { account, error } = privacy
  if (study?.manifest.privacy) {
    if (error !== null) return AppError.fromData(error).message
    if (account === null) return texts.privacy.card.reading
    if (account.covered === 0) return words.obstacles.privacy
  }
  if (!terms.isAdmitted) return words.obstacles.notAdmitted
  if (terms.credits < terms.stake) return words.obstacles.credits(creditsFrom(terms.stake), creditsFrom(terms.credits))
  if (terms.gas === 0n) return words.obstacles.gas
  return null
}
