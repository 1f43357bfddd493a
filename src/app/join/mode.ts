import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import type { Deployment } from '../../chain/deployment.ts'
import type { StudyInfo } from '../../chain/reads.ts'
import { AppError } from '../../errors/AppError.ts'
import { Mode } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'

/**
 * Checks that a study's description and its contract say the same of who may see an update, and that this page can do its part: a
 * masked study's sum is opened only on the word of two nodes.
 * @throws AppError study.badManifest, chain.oneNode
 */
export function checkMode(
  { masking }: Pick<Manifest, 'masking'>,
  { rules }: { readonly rules: Pick<StudyInfo['rules'], 'mode' | 'clip' | 'fractionBits' | 'scored'> },
  { chainId, rpcUrls }: Pick<Deployment, 'chainId' | 'rpcUrls'>,
): void {
  const agree =
    masking === undefined
      ? rules.mode === Mode.Committee
      : rules.mode === Mode.Masked &&
        rules.clip === masking.clip &&
        rules.fractionBits === masking.fractionBits &&
        rules.scored === (masking.scored ?? false)
  if (!agree) {
    throw new AppError('study.badManifest', {
      reason: 'masking: the contract says something else of who may see updates',
    })
  }
  if (masking !== undefined && chainId !== DEV_CHAIN_ID && new Set(rpcUrls).size < 2)
    throw new AppError('chain.oneNode')
}
