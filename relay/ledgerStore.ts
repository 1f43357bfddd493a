import { decode, encode } from '@ipld/dag-cbor'
import { type Datastore, Key } from 'interface-datastore'
import type { Batch, Checkpoint, RecordedFact, Resume } from './facts.ts'
import { Ledger, type Retention } from './ledger.ts'

const FACTS = '/wardround/fact/'
const CHECKPOINTS = new Key('/wardround/checkpoints')
/** How many polls back a reorganisation is found without reading the chain from the start. */
const keptCheckpoints = 64

/** The ledger with its facts on disk: facts and the cursor move together or not at all. */
export class LedgerStore {
  readonly ledger: Ledger
  readonly #datastore: Datastore
  #checkpoints: Checkpoint[]

  private constructor(datastore: Datastore, ledger: Ledger, checkpoints: Checkpoint[]) {
    this.#datastore = datastore
    this.ledger = ledger
    this.#checkpoints = checkpoints
  }

  static async open(datastore: Datastore, retention: Retention): Promise<LedgerStore> {
    const ledger = new Ledger(retention)
    const facts: RecordedFact[] = []
    // Keys are zero-padded, so the store's order is the chain's.
    for await (const { value } of datastore.query({ prefix: FACTS })) facts.push(decode<RecordedFact>(value))
    facts.sort((a, b) => a.block - b.block || a.index - b.index)
    ledger.apply(facts)
    const checkpoints = (await datastore.has(CHECKPOINTS)) ? decode<Checkpoint[]>(await datastore.get(CHECKPOINTS)) : []
    return new LedgerStore(datastore, ledger, checkpoints)
  }

  resume(): Resume {
    return { checkpoints: this.#checkpoints, studies: this.ledger.studies() }
  }

  /** Takes in a batch; facts that are known already are left as they are. @returns whether anything changed */
  async record({ rollbackTo, facts, checkpoint }: Batch): Promise<boolean> {
    const write = this.#datastore.batch()
    let checkpoints = this.#checkpoints
    if (rollbackTo !== undefined) {
      for (const gone of this.ledger.rollBack(rollbackTo)) write.delete(factKey(gone))
      checkpoints = checkpoints.filter(({ block }) => block <= rollbackTo)
    }
    const fresh = this.ledger.apply(facts)
    for (const recorded of fresh) write.put(factKey(recorded), encode(recorded))
    if (checkpoint !== undefined) checkpoints = [...checkpoints, checkpoint].slice(-keptCheckpoints)
    write.put(CHECKPOINTS, encode(checkpoints))
    await write.commit()
    this.#checkpoints = checkpoints
    return fresh.length > 0 || rollbackTo !== undefined
  }
}

function factKey({ block, index }: RecordedFact): Key {
  return new Key(`${FACTS}${String(block).padStart(12, '0')}/${String(index).padStart(6, '0')}`)
}
