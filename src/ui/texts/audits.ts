import type { AuditCheckName, AuditFinding } from '../../app/auditCheck.ts'
import type { AuditProgress, Unchecked } from '../../app/auditorDesk.ts'
import type { AuditCount, AuditVerdict, OwnAudit } from '../../app/desks/auditsView.ts'
import type { Refusal } from '../../audit/stark/verify.ts'
import { bytes, inTime, whole, wholePercent } from '../format.ts'

/** @example count(2, 'proof', 'proofs') // '2 proofs' */
function count(n: number, one: string, many: string): string {
  return `${whole(n)} ${n === 1 ? one : many}`
}

/** Audits of training: to a hospital that has to prove, and to anybody who checks. */
export const auditsTexts = {
  page: {
    heading: 'Did the hospitals train as they say?',
    back: 'All studies',
    noStudy: 'The address names no study. Choose one from the list.',
    toStudy: 'Go to the study',
    notProven: 'In this study nobody proves its training: updates are sealed or masked, and scored at most.',
    reading: 'Reading the chain…',
    what: {
      heading: 'What was proven here?',
      none: 'Nothing yet. Each round draws hospitals by chance, which then have to prove their training.',
      some: ({ rounds, proven, failed }: AuditCount) =>
        proven + failed === 1
          ? `In one round a hospital had to prove its training; it ${proven === 1 ? 'did' : 'did not'}.`
          : `In ${rounds === 1 ? 'one round' : `${whole(rounds)} rounds`} hospitals had to prove their training ${whole(proven + failed)} times; ${failed === 0 ? 'each time they did' : failed === 1 ? 'once one did not' : `${whole(failed)} times one did not`}.`,
      shows: 'What a proof shows',
      showsList: [
        'The hospital trained by the study’s rules to the last digit: every batch once, in the order that was drawn for it.',
        'It trained on the patients that it committed to before its first round, and sent what came of that.',
        'Where the study adds noise: the noise was fixed beforehand, and added as it should be.',
      ],
      not: 'What it does not show',
      notList: [
        'Anything about a patient: a proof is made so that nothing can be learned from it but that it holds.',
        'Whether the patients are real. Who trains rightly on made-up patients passes.',
      ],
      /** @param share 0 to 1 */
      draw: (share: number) =>
        `Each round draws ${share === 1 ? 'all' : `at least ${wholePercent(share)} of the`} hospitals, by the hash of a block and random numbers of all of them: nobody can choose who it is.`,
    },
    list: {
      heading: 'Who was drawn, and what came of it?',
      answer:
        'The chain checked each proof before it went on. You can check it again here, on this computer, from what the chain holds.',
      empty: 'Hospitals that are drawn stand here, with their proofs.',
    },
    checkAll: 'Check all proofs again',
    checkingAll: (done: number, of: number) => `Checked ${done} of ${of}.`,
  },

  columns: { round: 'Round', hospital: 'Hospital', verdict: 'What came of it', gas: 'Gas' },
  caption: 'Audits of this study',
  verdicts: {
    proven: { mark: '✓', text: 'passed' },
    noProof: { mark: '✕', text: 'could not prove it' },
    noReveal: { mark: '✕', text: 'did not open what draws' },
    awaited: { mark: '…', text: 'still has time' },
    dropped: { mark: '–', text: 'the round ended before' },
  } satisfies Record<AuditVerdict, { mark: string; text: string }>,
  noGas: '–',

  check: {
    button: 'Check this proof again',
    again: 'Check it once more',
    label: (hospital: string, round: number) => `Check the proof of ${hospital} of round ${round} again`,
    stages: {
      rules: 'Working out what has to be proven…',
      data: 'Comparing with the patients that were committed to…',
      update: 'Comparing with the update that was sent…',
      proof: 'Checking the proof…',
    } satisfies Record<AuditCheckName, string>,
    fetching: 'Fetching the proof and the study’s description…',
  },

  panel: {
    heading: 'Does my hospital have to prove its training?',
    drawing: {
      opened: 'Waiting for the draw: nobody knows yet who it will be. Your part of it is open.',
      notTaken: 'Waiting for the draw. A few blocks of the chain come first; then this tab opens its part.',
      taken: 'Waiting for the draw. This tab opens its part of it now.',
    },
    spared: 'No: others were drawn in this round.',
    proving: 'Yes. This tab is proving it.',
    done: (share: number) => `${wholePercent(share)} of the proof is done.`,
    notNow: 'Not now. Below is who had to so far.',
    sending: 'The proof is made and on its way to the chain.',
    waiting: 'Yes. This tab begins with the proof, or waits until what it sent is on the chain.',
    stopped: {
      paused: 'Yes, and you paused. Go on in time: a proof that does not come costs stake.',
      failed:
        'Yes, and it did not succeed yet. Below is what happened; this tab tries again by itself unless you paused.',
    },
    cleared: 'It did: the chain checked the proof and took it.',
    failed: 'Your hospital failed this round’s audit. It is left out of this round, and takes part again in the next.',
    pause: 'Pause',
    resume: 'Go on',
    pauseHint: 'What is done of the proof is lost; going on begins it anew.',
    barLabel: 'The proof',
    cost: (credits: string) =>
      `A proof that does not come in time costs ${credits}, and your update is left out of this round.`,
    left: (seconds: number) => (seconds <= 0 ? 'The time for it is over.' : `It is due ${inTime(seconds)}.`),
    gas: (gas: string, carried: boolean) =>
      carried ? `It took ${gas} gas; a relay carried it, paid by the study.` : `It took ${gas} gas of your wallet.`,
    privacy: 'The proof shows that the rules were kept. Nobody can learn anything about a patient from it.',
    list: 'All audits of this study',
    others: 'Check them yourself',
  },

  keeping: {
    heading: 'What is kept for proofs?',
    none: 'Nothing is kept for proofs now.',
    answer: (size: number) =>
      `${bytes(size)}, from which this computer makes the same proof again after a reload. Kept encrypted in this browser, and never sent.`,
    clear: 'Delete it…',
    dialog: {
      heading: 'Delete what is kept for proofs?',
      means: [
        'A round that you sent an update in cannot be proven any more. If your hospital is drawn for it, that costs a part of your stake.',
        'Your hospital can train in no further round of this study: what it committed to before the first round is gone. Leave the study, too, or each round that it is in costs a part of your stake.',
        'Your patients’ file, your keys and the models stay.',
      ],
      running: 'Your hospital is in a round just now, whose audit may still come.',
      confirm: 'Delete it',
      cancel: 'Keep it',
    },
    cleared: 'It is deleted.',
  },

  /** Among the terms of a study, before joining. */
  terms: {
    prove: (share: string, time: string) =>
      `Each round draws ${share} of the hospitals by chance. Whoever is drawn proves its training within ${time}: this tab does that by itself, in seconds to a minute of this computer’s time.`,
    lose: (percent: number, credits: string) =>
      `No proof in time, or keeping back what draws: ${percent} % of the stake each time, ${credits}.`,
    shared:
      'Public on the chain: a fingerprint of your patients, fixed before the first round, and proofs. Nobody can learn anything about a patient from either.',
  },

  /** On the card of how patients are protected, and beside what leaves this computer. */
  card: {
    commitment:
      'Everybody: a fingerprint of your patients that you fix before the first round. It is mixed with random numbers, so that nobody can try out who is in it, not even somebody who knows a patient’s values.',
    proofs: 'Everybody: proofs that you trained by the rules. They show that this is so, and nothing of a patient.',
    leaves:
      'When your hospital is drawn, a proof of its training goes to the chain, readable for everybody: it shows that the rules were kept, and nothing of a patient.',
  },
} as const

const refusals: Readonly<Record<Refusal, string>> = {
  statement: 'it is not of what the chain asked',
  malformed: 'its bytes are not those of a proof',
  constraints: 'its numbers do not follow the rules of training',
  work: 'the work that it should have taken was not done',
  opening: 'what it opens is not what it committed to',
  folding: 'its parts do not fit together',
  finalPolynomial: 'its parts do not add up in the end',
}

const failures: Readonly<Record<AuditCheckName, string>> = {
  rules: 'what the chain checks proofs against is not what the study’s description says',
  data: 'it is not of the patients that the hospital had committed to',
  update: 'it is not of the update that the hospital sent',
  proof: 'the proof itself does not hold',
}

const uncheckedTexts: Readonly<Record<Unchecked, string>> = {
  elsewhere:
    'This proof cannot be checked here: it reached the chain in two parts, or by a way that this page does not know. The chain has checked it.',
  foreignVerifier:
    'This proof cannot be checked here: the study names a verifier that is not one of this page’s. Ask the sponsor why before you rely on it.',
  noKey: 'This proof cannot be checked here: the chain does not hold what it would be checked against.',
}

/** Where the check of a proof is, or what came of it. */
export function auditProgressText(progress: AuditProgress, hospital: string): string {
  const { check } = auditsTexts
  switch (progress.stage) {
    case 'fetching':
      return check.fetching
    case 'checking':
      return check.stages[progress.check]
    case 'unchecked':
      return uncheckedTexts[progress.why]
    case 'failed':
      return ''
    case 'done':
      return progress.finding.holds ? holdsText(progress, hospital) : failsText(progress.finding)
  }
}

function failsText(finding: Extract<AuditFinding, { holds: false }>): string {
  const { check, refusal } = finding
  const how = refusal === undefined ? '' : `: ${refusals[refusal]}`
  return `It does not hold: ${failures[check]}${how}. What you see is not what the chain took, or this page errs; tell the sponsor and the maintainers.`
}

function holdsText(
  { finding, seconds, proofBytes, said, shape }: Extract<AuditProgress, { stage: 'done' }>,
  hospital: string,
): string {
  const length = `${seconds < 0.1 ? 'less than 0.1' : seconds.toFixed(1)} s`
  const batches =
    shape === null
      ? `in ${count(said.steps, 'batch', 'batches')}`
      : `on up to ${whole(shape.steps * shape.batch)} patients, in ${count(shape.steps, 'batch', 'batches')} of ${shape.batch}`
  const noise = said.noised ? ', with the noise that was fixed beforehand' : ''
  const rules =
    finding.holds && finding.rulesAreKnown
      ? 'by the rules in the study’s description'
      : 'by the rules that the chain holds. The study’s description could not be fetched, so whether those are the study’s own was not checked'
  return `It holds, checked on this computer in ${length} from a proof of ${bytes(proofBytes)}: ${hospital} trained ${batches}${noise}, ${rules}.`
}

/** What the answer to “Does my hospital have to prove its training?” is. */
export function ownAuditText(audit: OwnAudit): string {
  const { panel } = auditsTexts
  switch (audit.kind) {
    case 'drawing':
      return audit.isOpened ? panel.drawing.opened : panel.drawing[audit.isTaken ? 'taken' : 'notTaken']
    case 'proving':
      return audit.isSending ? panel.sending : panel.proving
    case 'stopped':
      return panel.stopped[audit.hasFailed ? 'failed' : 'paused']
    default:
      return panel[audit.kind]
  }
}
