import { quickClientFor } from '../chain/clients.ts'
import { checkDeployment } from '../chain/deployment.ts'
import { isAppError } from '../errors/AppError.ts'
import type { Site } from './site.ts'

/** Whether the site's chain answers. Other: a chain answers, but not the one that this page was made for. */
export type Reach = 'answers' | 'silent' | 'other'

/** Looks at the chain now and then, asking little. */
export interface ChainProbe {
  /** Never rejects. */
  look(): Promise<Reach>
}

/**
 * One call to a look; whether it is still the same chain is asked at the beginning, after a silence, and when the chain has
 * become shorter: a node that came back may have begun anew.
 */
export function createChainProbe(site: Site, client = quickClientFor(site)): ChainProbe {
  let isKnown = false
  let newest = 0n
  return {
    async look() {
      try {
        const block = await client.getBlockNumber({ cacheTime: 0 })
        // A reorg shortens a chain by a few blocks; asking once more then does no harm.
        if (!isKnown || block < newest) await checkDeployment(site, client)
        isKnown = true
        newest = block
        return 'answers'
      } catch (error) {
        isKnown = false
        return isAppError(error, 'chain.noDeployment') || isAppError(error, 'chain.wrongChain') ? 'other' : 'silent'
      }
    },
  }
}
