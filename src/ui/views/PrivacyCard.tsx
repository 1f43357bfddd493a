import './keeping/keeping.css'
import { List, Progress, Stack, Text, Title } from '@mantine/core'
import { type MaskedExposure, maskedExposure } from '../../app/desks/privacyView.ts'
import type { PrivacyAccount } from '../../app/privacy/privacyPort.ts'
import type { HospitalView } from '../../app/store.ts'
import { studyEpsilon } from '../../privacy/studyPrivacy.ts'
import type { Manifest } from '../../study/manifest.ts'
import { protectionOf } from '../../study/studies/masked.ts'
import { Panel } from '../components/Panel.tsx'
import { auditsTexts } from '../texts/audits.ts'
import { texts } from '../texts.ts'
import { Figures } from './keeping/Figures.tsx'
import { ActionError } from './live/ActionError.tsx'

/** What others can and cannot see of the patients, what that costs them, and what is left. */
export function PrivacyCard({ view }: { readonly view: HospitalView }) {
  const { card: words } = texts.privacy
  const { study } = view
  if (study === null) return null
  return (
    <Panel question={words.heading} answer={protectionText(study.manifest)}>
      <Protection view={view} />
    </Panel>
  )
}

function protectionText(manifest: Manifest): string {
  const { card: words } = texts.privacy
  return manifest.masking?.scored ? words.answerScored : words.answers[protectionOf(manifest)]
}

/** The same without its heading, among the terms of a study. */
export function Protection({ view }: { readonly view: HospitalView }) {
  const { card: words, epsilon, chance } = texts.privacy
  const { study, privacy: own } = view
  if (study === null) return null
  const { privacy, masking } = study.manifest
  const { round, joining } = view
  const seats = round?.snapshot?.seats.length ?? 0
  const exposure = maskedExposure(study.manifest, seats, joining.terms?.minHospitals ?? seats)
  const promised = studyEpsilon(study.manifest, study.rounds)
  return (
    <Stack gap="md">
      <Stack gap={4}>
        <Title order={3}>{words.seen}</Title>
        <List spacing={4}>
          {seenBy(study.manifest, exposure).map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </Stack>
      <Stack gap={4}>
        <Title order={3}>{words.hidden}</Title>
        <List spacing={4}>
          <List.Item>{words.hiddenRows}</List.Item>
          {exposure && !masking?.scored && <List.Item>{words.hiddenUpdate}</List.Item>}
          {privacy && <List.Item>{words.hiddenNoise}</List.Item>}
        </List>
      </Stack>
      {exposure && (
        <Stack gap={4}>
          <Title order={3}>{words.open}</Title>
          <List spacing={4}>
            <List.Item>{words.openOthers}</List.Item>
            <List.Item>{words.openSeats(exposure.colluding)}</List.Item>
          </List>
          {privacy && <Text>{words.openNoised}</Text>}
          {!exposure.hasSpare && <Text>{words.fewSeats}</Text>}
        </Stack>
      )}
      {privacy && promised !== null && (
        <>
          {own.error && <ActionError error={own.error} />}
          {own.account === null ? (
            own.error === null && <Text c="dimmed">{words.reading}</Text>
          ) : (
            <Spending account={own.account} isOut={own.uncovered !== null} />
          )}
          <Text size="sm" c="dimmed" className="ward-measure">
            {words.promise(epsilon(promised), chance(privacy.delta))}{' '}
            {own.account !== null && own.account.budget.delta !== privacy.delta && (
              <>{words.accountChance(chance(own.account.budget.delta))} </>
            )}
            {words.limits}
          </Text>
        </>
      )}
    </Stack>
  )
}

/** Who sees what of this hospital. */
function seenBy({ masking, patientsPerWeight, proving }: Manifest, exposure: MaskedExposure | null): readonly string[] {
  const { card: words } = texts.privacy
  const proofs = proving === undefined ? [] : [auditsTexts.card.commitment, auditsTexts.card.proofs]
  if (exposure === null) {
    return [words.seenPublic, patientsPerWeight > 0 ? words.seenBand(patientsPerWeight) : words.seenSealed, ...proofs]
  }
  const { step } = exposure
  const isScored = masking?.scored === true
  return [
    isScored ? words.seenPublic : words.seenPublicMasked,
    step === null ? words.seenAlike : words.seenWeight(step),
    words.seenSum,
    ...(isScored ? [words.seenProducts] : []),
    ...proofs,
  ]
}

function Spending({ account, isOut }: { readonly account: PrivacyAccount; readonly isOut: boolean }) {
  const { card: words, epsilon } = texts.privacy
  const { budget, spent, nextRound, atTheEnd, rounds } = account
  const isShort = isOut || account.covered < rounds
  return (
    <Stack gap="sm" data-testid="privacy-account">
      <Progress
        value={Math.min(100, (100 * spent) / budget.epsilon)}
        size="lg"
        aria-label={words.barLabel(epsilon(spent), epsilon(budget.epsilon))}
      />
      <Figures
        of={[
          { name: words.budget, value: epsilon(budget.epsilon) },
          { name: words.spent, value: epsilon(spent) },
          ...(rounds > 0
            ? [
                { name: words.next, value: epsilon(nextRound) },
                { name: words.end, value: epsilon(atTheEnd) },
              ]
            : []),
        ]}
      />
      <Text role="status" className="ward-measure" {...(isShort && { c: 'var(--ward-attention)' })}>
        {isShort && <span aria-hidden="true">▲ </span>}
        {coverage(account, isOut)}
      </Text>
    </Stack>
  )
}

function coverage({ covered, rounds }: PrivacyAccount, isOut: boolean): string {
  const { card: words } = texts.privacy
  if (isOut || (covered === 0 && rounds > 0)) return words.coversNone
  if (rounds === 0) return words.over
  return covered < rounds ? words.coversSome(covered, rounds) : words.coversAll(rounds)
}
