import { countAudits } from '../../../app/desks/auditsView.ts'
import type { ModelView, ShownDetails } from '../../../app/desks/modelView.ts'
import { type ModelCard, modelCard } from '../../../app/modelCard.ts'
import { shownRound } from '../../../app/phases.ts'
import type { HospitalView } from '../../../app/store.ts'
import { creditsFrom } from '../../../chain/credits.ts'
import type { Deployment } from '../../../chain/deployment.ts'
import type { Rules } from '../../../chain/reads.ts'
import { cidText } from '../../../crypto/cid.ts'
import type { Manifest } from '../../../study/manifest.ts'
import { texts } from '../../texts.ts'

/** The contract's round of the model that predictions, card and download use. */
export function usedRound({ round }: HospitalView, { used }: ModelView): number {
  return used ?? round?.installed.round ?? 0
}

/** Results of the model in use, where they were computed. */
export function usedDetails(view: HospitalView, model: ModelView): ShownDetails | null {
  const round = usedRound(view, model)
  return [model.shown, model.compared].find(shown => shown?.round === round) ?? null
}

/** The card of the model in use; null before the chain was read. */
export function cardOf(view: HospitalView, model: ModelView, deployment: Deployment): ModelCard | null {
  const { study, round, name, patients } = view
  const { versions } = model
  if (study === null || versions === null) return null
  const at = usedRound(view, model)
  const version = versions.rows.findLast(row => row.round === at)
  return modelCard({
    manifest: study.manifest,
    hospital: name,
    hospitals: round?.snapshot?.members.length ?? 0,
    patients: patients ?? 0,
    round: shownRound(at, study.manifest),
    completed: round?.snapshot?.completed ?? 0,
    details: usedDetails(view, model)?.details ?? null,
    proofs: view.audits.rows && countAudits(view.audits.rows),
    rules: rulesInWords(versions.info.rules, study.manifest),
    provenance: {
      version: version?.version ?? null,
      chainId: deployment.chainId,
      deployment: deployment.deploymentId,
      studyContract: study.address,
      modelRegistry: deployment.modelRegistry,
      manifest: versions.info.modelURI.split('#', 1)[0] ?? '',
      model: version ? cidText(version.header) : null,
      modelHash: version?.modelHash ?? null,
      signatures: version?.signatures ?? null,
      opened: versions.opened,
      finalised: version?.transaction ?? null,
    },
    written: new Date(),
  })
}

function rulesInWords(rules: Rules, { masking, compression }: Manifest): ModelCard['rules'] {
  const { ruleNames, rules: words } = texts.model.card
  const kind = masking === undefined ? 'committee' : masking.scored ? 'scored' : 'masked'
  return [
    { name: ruleNames.rounds, value: String(rules.rounds) },
    { name: ruleNames.hospitals, value: words.hospitals(rules.minHospitals, rules.maxHospitals) },
    { name: ruleNames.committee, value: words.committee(rules.maxSeats) },
    { name: ruleNames.aggregation, value: words.aggregation[kind] },
    { name: ruleNames.privacy, value: words.privacy[kind] },
    ...(compression === undefined ? [] : [{ name: ruleNames.upload, value: words.upload(compression.keep) }]),
    { name: ruleNames.stake, value: words.stake(String(creditsFrom(rules.stake))) },
  ]
}
