import { accreditationOf, type ChainReader } from '../chain/reads.ts'
import { type Address, sameAddress } from '../study/types.ts'
import type { HospitalStore } from './store.ts'

/** Looks up who is behind addresses, once each. */
export interface People {
  /** Names these as the issuers admitted them; those that nobody admitted stay without. */
  meet(addresses: readonly Address[]): void
}

/** Writes names into the store's `people`, by address in lower case; the store's own hospital gets its name, too. */
export function createPeople(reader: ChainReader, store: HospitalStore): People {
  const asked = new Set<string>()
  return {
    meet(addresses) {
      for (const address of addresses) {
        const key = address.toLowerCase()
        if (asked.has(key)) continue
        asked.add(key)
        accreditationOf(reader, address).then(
          ({ name }) => {
            if (name === '') {
              // Somebody may be admitted later.
              asked.delete(key)
              return
            }
            store.setState(({ people, address: self }) => ({
              people: { ...people, [key]: name },
              ...(self !== null && sameAddress(self, address) && { name }),
            }))
          },
          error => {
            // Its address stands in; the next who asks tries again.
            asked.delete(key)
            console.warn('a hospital’s name could not be read', error)
          },
        )
      }
    },
  }
}

/** A hospital's name, else four characters at either end of its address. */
export function nameFor(people: Readonly<Record<string, string>>, address: Address): string {
  return people[address.toLowerCase()] ?? `${address.slice(0, 6)}…${address.slice(-4)}`
}
