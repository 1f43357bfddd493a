import { roundAir } from '../audit/training/roundAir.ts'
import { type Deployment, verifierFor } from '../chain/deployment.ts'
import { deployKey, keyAddress } from '../chain/proofKeys.ts'
import type { AuditRules } from '../chain/reads.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { AppError } from '../errors/AppError.ts'
import type { Manifest } from '../study/manifest.ts'
import { roundShapeOf } from '../study/proving.ts'
import type { SuggestedAudits } from '../study/studies/StudyPlan.ts'
import { sameAddress } from '../study/types.ts'

type Provable = Parameters<typeof roundShapeOf>[0]
type Verifiers = Pick<Deployment, 'verifiers'>

/**
 * The contract's rules of a proven study's audits. What is proven is made known to the chain first, where it is not yet.
 * @throws AppError of deployKey; chain.noVerifier
 */
export async function publishAudits(
  access: ChainAccess,
  manifest: Provable,
  suggested: SuggestedAudits,
): Promise<AuditRules> {
  const { key, rules } = auditsOf(manifest, access.deployment)
  await deployKey(access, key)
  return { ...rules, ...suggested }
}

/**
 * Checks that a study's description and its contract say the same of what is proven: a hospital could prove nothing else.
 * @param audits null: the contract's study is not proven
 * @throws AppError study.badManifest, chain.noVerifier
 */
export function checkAudits(
  manifest: Pick<Manifest, 'proving'> & Provable,
  audits: AuditRules | null,
  deployment: Verifiers,
): void {
  const differs = (of: string) => new AppError('study.badManifest', { reason: `proving: the contract says ${of}` })
  if ((manifest.proving === undefined) !== (audits === null))
    throw differs('something else of whether rounds are proven')
  if (audits === null) return
  const { verifier, key, ...numbers } = auditsOf(manifest, deployment).rules
  const isSame =
    sameAddress(audits.verifier, verifier) &&
    sameAddress(audits.key, key) &&
    Object.entries(numbers).every(([name, value]) => audits[name as keyof typeof numbers] === value)
  if (!isSame) throw differs('something else of what is proven')
}

/** What follows from the description alone. */
function auditsOf(manifest: Provable, deployment: Verifiers) {
  const shape = roundShapeOf(manifest)
  const { air } = roundAir(shape)
  const verifier = verifierFor(deployment, air.parameters)
  if (verifier === undefined) {
    throw new AppError('chain.noVerifier')
  }
  const { steps, inputs, contributions } = shape
  const rules = {
    ...{ verifier, key: keyAddress(air.key), steps, inputs, contributions },
    noised: shape.noise !== null,
  } satisfies Partial<AuditRules>
  return { key: air.key, rules }
}
