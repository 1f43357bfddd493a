import { MODULUS } from '../../field/Field.ts'
import { isElement } from '../../field/goldilocks.ts'
import { encodeKey } from './key.ts'
import { chunkMask, LOG2_FINAL, type Parameters, paddingRows } from './parameters.ts'
import { interpolated } from './periodic.ts'

/** Where a constraint holds: in every active row, in every one that has a next, or in one row alone. */
export type Place = 'every' | 'transition' | { readonly row: number }

export type Operation = 'add' | 'subtract' | 'multiply'

/** One step of the constraints' program: the result of an operation on two earlier values. */
export interface Instruction {
  readonly operation: Operation
  /** Places in the list of values: see Air. */
  readonly a: number
  readonly b: number
}

/** The columns that are committed to under one root. */
export interface OracleShape {
  readonly name: string
  /** Whether its columns hold extension elements, drawn up after the challenges. */
  readonly isExtension: boolean
  /** Whether its pin is part of the statement: see AirBuilder.external. */
  readonly isPinned: boolean
  /** By name, as they are committed: those that some constraint reads in the next row come first. */
  readonly columns: readonly string[]
  /** How many of them are read in the next row. */
  readonly shifted: number
}

/** A column that everybody computes: values that repeat, by the polynomial over the subgroup of their number. */
export interface Periodic {
  readonly name: string
  /** A power of two of them. */
  readonly values: readonly bigint[]
  readonly coefficients: readonly bigint[]
}

export interface Constraint {
  readonly name: string
  /** Place of what must be zero in the list of values. */
  readonly value: number
  readonly place: Place
}

/**
 * An algebraic intermediate representation: what a trace is, and the polynomials over its rows that must vanish.
 *
 * The constraints are a program over a list of values, which begins with what it reads, in this order: every oracle's columns in this
 * row; each oracle's shifted columns in the next; periodic columns; inputs; challenges; constants. Each instruction appends one. Both
 * verifiers and the prover run this one program.
 */
export interface Air {
  readonly name: string
  readonly log2Rows: number
  /** Of the trace, the padding included. */
  readonly rows: number
  /** Rows before the padding: those that constraints are about. */
  readonly activeRows: number
  /** The first `externals` of them are committed to before the proof; then main, then, if there are any, auxiliary columns. */
  readonly oracles: readonly OracleShape[]
  readonly externals: number
  readonly inputs: readonly string[]
  readonly challenges: readonly string[]
  readonly constants: readonly bigint[]
  readonly periodics: readonly Periodic[]
  readonly instructions: readonly Instruction[]
  readonly constraints: readonly Constraint[]
  /** Polynomials that the quotient is cut into. */
  readonly chunks: number
  /** Rows of each chunk's polynomial that it fills; the rest hides it. */
  readonly chunkLength: number
  readonly parameters: Parameters
  /** All of the above but the names, canonical: what a verifier is given. See key.ts. */
  readonly key: Uint8Array
}

/** A value in a row, to build constraints from. Numbers and bigints stand for constants; negative ones too. */
export interface Expression {
  plus(other: Operand): Expression
  minus(other: Operand): Expression
  times(other: Operand): Expression
}

export type Operand = Expression | bigint | number

/** Σ parts_i · base^i, by Horner's rule. @param parts at least one */
export function joined(parts: readonly Expression[], base: Operand): Expression {
  return parts.reduceRight((sum, part) => sum.times(base).plus(part))
}

export interface Column {
  /** Its value in the row that a constraint is about. */
  readonly here: Expression
  /** Its value in the row after that. */
  readonly next: Expression
}

export interface AirBuilder {
  /** The last active row. */
  readonly lastRow: number
  /**
   * Columns committed to before the proof, in an order of their own; see commitOracle. Where they are pinned, a statement says two
   * inputs more, after all others: ExternalOracle.pin. Without, a root may be one of several columns, each in another proof. Pinned
   * ones take padding: they are declared before anything that is about a row by its number.
   */
  external(oracle: string, columns: readonly string[], options?: { readonly pinned?: boolean }): Column[]
  column(name: string): Column
  /** A column of extension elements that is drawn up after the challenges, for running products and sums. */
  auxiliary(name: string): Column
  /** A random extension element, known only when the main columns are committed to. */
  challenge(name: string): Expression
  /** A public element of the base field. */
  input(name: string): Expression
  /** @param values a power of two of base elements, at most as many as there are rows; row r reads number r modulo their number */
  periodic(name: string, values: readonly bigint[]): Expression
  constant(value: bigint | number): Expression
  /** Must be zero in every active row. */
  every(name: string, value: Expression): void
  /** Must be zero in every active row but the last: may read the next row. */
  transition(name: string, value: Expression): void
  /** Must be zero in this row. */
  at(row: number, name: string, value: Expression): void
}

export interface AirOptions {
  readonly name: string
  /** Length of the trace, 2^6 to 2^20. */
  readonly log2Rows: number
  readonly parameters: Parameters
  /** How many proofs open the same committed columns; default 1. More take more padding. */
  readonly openings?: number
}

/** Most chunks, and so about the highest degree that a constraint may have. */
const MOST_CHUNKS = 8

/**
 * Describes a trace and what must hold in it.
 * @throws RangeError where the description cannot be proved, naming the constraint: too high a degree, a row that is not there, a
 * name used twice, more padding than rows
 *
 * @example
 * const air = defineAir({ name: 'doubling', log2Rows: 7, parameters }, air => {
 *   const x = air.column('x')
 *   air.at(0, 'starts at one', x.here.minus(1))
 *   air.transition('doubles', x.next.minus(x.here.times(2)))
 *   air.at(air.lastRow, 'ends at the result', x.here.minus(air.input('result')))
 * })
 */
export function defineAir(options: AirOptions, write: (air: AirBuilder) => void): Air {
  const { name, log2Rows, parameters, openings = 1 } = options
  if (!Number.isInteger(log2Rows) || log2Rows < LOG2_FINAL || log2Rows > 20) {
    throw new RangeError(`${name}: a trace has 2^${LOG2_FINAL} to 2^20 rows, not 2^${log2Rows}`)
  }
  const builder = new Builder(name, log2Rows, parameters, openings)
  write(builder)
  return builder.compile()
}

type Source =
  | { readonly kind: 'column'; readonly oracle: number; readonly column: number; readonly isNext: boolean }
  | { readonly kind: 'periodic' | 'input' | 'challenge' | 'constant'; readonly index: number }

type Node =
  | { readonly degree: number; readonly source: Source }
  | { readonly degree: number; readonly operation: Operation; readonly a: Term; readonly b: Term }

/** An expression as the builder keeps it: a node that others may share. */
class Term implements Expression {
  readonly builder: Builder
  readonly id: number
  readonly node: Node
  readonly readsNext: boolean

  constructor(builder: Builder, id: number, node: Node) {
    this.builder = builder
    this.id = id
    this.node = node
    if ('operation' in node) this.readsNext = node.a.readsNext || node.b.readsNext
    else this.readsNext = node.source.kind === 'column' && node.source.isNext
  }

  plus(other: Operand): Expression {
    return this.builder.combine('add', this, other)
  }

  minus(other: Operand): Expression {
    return this.builder.combine('subtract', this, other)
  }

  times(other: Operand): Expression {
    return this.builder.combine('multiply', this, other)
  }
}

interface Oracle {
  readonly name: string
  readonly isExtension: boolean
  readonly isPinned: boolean
  readonly columns: string[]
}

class Builder implements AirBuilder {
  readonly #name: string
  readonly #log2Rows: number
  readonly #rows: number
  readonly #parameters: Parameters
  readonly #openings: number
  /** Known once something is about a row, or at the end: pinned oracles take padding. */
  #activeRows: number | null = null
  readonly #externals: Oracle[] = []
  readonly #main: Oracle = { name: 'main', isExtension: false, isPinned: false, columns: [] }
  readonly #auxiliary: Oracle = { name: 'auxiliary', isExtension: true, isPinned: false, columns: [] }
  readonly #names = new Set<string>()
  readonly #inputs: string[] = []
  readonly #challenges: string[] = []
  readonly #constants: bigint[] = []
  readonly #periodics: Periodic[] = []
  readonly #constraints: { name: string; value: Term; place: Place }[] = []
  /** Terms by what they are, so that what is written twice is computed once. */
  readonly #terms = new Map<string, Term>()

  constructor(name: string, log2Rows: number, parameters: Parameters, openings: number) {
    this.#name = name
    this.#log2Rows = log2Rows
    this.#rows = 2 ** log2Rows
    this.#parameters = parameters
    this.#openings = openings
  }

  get lastRow(): number {
    return this.#active - 1
  }

  external(oracle: string, columns: readonly string[], { pinned = false } = {}): Column[] {
    this.#take(oracle)
    if (pinned && this.#activeRows !== null) {
      throw this.#wrong(`${oracle} is pinned, which takes padding: declare it before anything that is about a row`)
    }
    const made: Oracle = { name: oracle, isExtension: false, isPinned: pinned, columns: [] }
    this.#externals.push(made)
    return columns.map(column => this.#column(made, column))
  }

  column(name: string): Column {
    return this.#column(this.#main, name)
  }

  auxiliary(name: string): Column {
    return this.#column(this.#auxiliary, name)
  }

  challenge(name: string): Expression {
    return this.#listed('challenge', this.#challenges, this.#take(name))
  }

  input(name: string): Expression {
    return this.#listed('input', this.#inputs, this.#take(name))
  }

  constant(value: bigint | number): Term {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw this.#wrong(`${value} is no safe integer`)
    const element = BigInt(value) < 0n ? MODULUS + BigInt(value) : BigInt(value)
    if (!isElement(element)) throw this.#wrong(`${value} is no element of the field`)
    const known = this.#constants.indexOf(element)
    const index = known === -1 ? this.#constants.push(element) - 1 : known
    return this.#term({ degree: 0, source: { kind: 'constant', index } })
  }

  periodic(name: string, values: readonly bigint[]): Expression {
    this.#take(name)
    const isPower = values.length > 0 && (values.length & (values.length - 1)) === 0
    if (!isPower || values.length > this.#rows || !values.every(isElement)) {
      throw this.#wrong(`${name}: a periodic column takes a power of two of elements, at most ${this.#rows}`)
    }
    const index = this.#periodics.push({ name, values, coefficients: interpolated(values) }) - 1
    return this.#term({ degree: values.length === 1 ? 0 : 1, source: { kind: 'periodic', index } })
  }

  every(name: string, value: Expression): void {
    const term = this.#own(value)
    if (term.readsNext) {
      throw this.#wrong(`${name} reads the next row, which the last row has not: make it a transition`)
    }
    this.#constrain(name, term, 'every')
  }

  transition(name: string, value: Expression): void {
    this.#constrain(name, this.#own(value), 'transition')
  }

  at(row: number, name: string, value: Expression): void {
    const term = this.#own(value)
    const last = term.readsNext ? this.lastRow - 1 : this.lastRow
    if (!Number.isInteger(row) || row < 0 || row > last) {
      throw this.#wrong(`${name} is about row ${row}; the rows are 0 to ${last}, the ones after it are padding`)
    }
    this.#constrain(name, term, { row })
  }

  combine(operation: Operation, a: Term, other: Operand): Term {
    const b = typeof other === 'object' ? this.#own(other) : this.constant(other)
    const degree = operation === 'multiply' ? a.node.degree + b.node.degree : Math.max(a.node.degree, b.node.degree)
    return this.#term({ degree, operation, a, b })
  }

  compile(): Air {
    if (this.#constraints.length === 0) throw this.#wrong('nothing is constrained')
    const used = this.#used()
    const all = [...this.#externals, this.#main, this.#auxiliary].filter(({ columns }) => columns.length > 0)
    if (all.length === 0) throw this.#wrong('there are no columns')
    const unread = all.flatMap((oracle, i) =>
      oracle.columns.filter((_, column) => !isRead(used, this.#oracleIndex(all[i]!), column)),
    )
    if (unread.length > 0) throw this.#wrong(`no constraint reads the column ${unread[0]}: it could hold anything`)
    const orders = all.map(oracle => {
      const index = this.#oracleIndex(oracle)
      const numbers = oracle.columns.map((_, column) => column)
      const shifted = numbers.filter(column => used.some(term => isColumn(term, index, column, true)))
      return { shifted: shifted.length, order: [...shifted, ...numbers.filter(column => !shifted.includes(column))] }
    })
    const oracles = all.map(({ name, isExtension, isPinned, columns }, i) => ({
      name,
      isExtension,
      isPinned,
      columns: orders[i]!.order.map(column => columns[column]!),
      shifted: orders[i]!.shifted,
    }))
    const places = this.#places(all, orders)
    const instructions: Instruction[] = []
    let next = places.count
    for (const { id, node } of used) {
      if ('source' in node) continue
      instructions.push({ operation: node.operation, a: places.of.get(node.a.id)!, b: places.of.get(node.b.id)! })
      places.of.set(id, next++)
    }
    const chunkLength = this.#rows - chunkMask(this.#parameters)
    const chunks = Math.max(...this.#constraints.map(constraint => this.#chunksOf(constraint, chunkLength)))
    const air = {
      name: this.#name,
      log2Rows: this.#log2Rows,
      rows: this.#rows,
      activeRows: this.#active,
      oracles,
      externals: this.#externals.length,
      inputs: this.#inputs,
      challenges: this.#challenges,
      constants: this.#constants,
      periodics: this.#periodics,
      instructions,
      constraints: this.#constraints.map(({ name, value, place }) => ({
        name,
        place,
        value: places.of.get(value.id)!,
      })),
      chunks,
      chunkLength,
      parameters: this.#parameters,
    }
    return { ...air, key: encodeKey(air) }
  }

  /** Rows before the padding. @throws RangeError where there are none */
  get #active(): number {
    if (this.#activeRows === null) {
      const isPinned = this.#externals.some(oracle => oracle.isPinned)
      const padding = paddingRows(this.#parameters, this.#openings, isPinned)
      if (this.#rows - padding < 2) {
        throw this.#wrong(`${padding} rows of padding leave no trace in ${this.#rows} rows; take a larger log2Rows`)
      }
      this.#activeRows = this.#rows - padding
    }
    return this.#activeRows
  }

  /** The quotient of a constraint has so many coefficients at most. @throws RangeError where that is too many */
  #chunksOf(
    { name, value: { node }, place }: { name: string; value: Term; place: Place },
    chunkLength: number,
  ): number {
    const vanishing = place === 'every' ? this.#active : place === 'transition' ? this.#active - 1 : 1
    const coefficients = node.degree * (this.#rows - 1) - vanishing + 1
    const chunks = Math.max(1, Math.ceil(coefficients / chunkLength))
    if (chunks > MOST_CHUNKS) {
      const much = `is of degree ${node.degree} and takes ${chunks} chunks of the quotient, of at most ${MOST_CHUNKS}`
      throw this.#wrong(`${name} ${much}: bring the degree down by columns of its own`)
    }
    return chunks
  }

  /** The terms that some constraint is made of, those before others that they are made of. */
  #used(): Term[] {
    const found = new Map<number, Term>()
    const visit = (term: Term) => {
      if (found.has(term.id)) return
      if ('operation' in term.node) {
        visit(term.node.a)
        visit(term.node.b)
      }
      found.set(term.id, term)
    }
    for (const { value } of this.#constraints) visit(value)
    return [...found.values()]
  }

  /** Where in the list of values everything that can be read is. */
  #places(all: readonly Oracle[], orders: readonly { order: readonly number[]; shifted: number }[]) {
    const of = new Map<number, number>()
    let count = 0
    const place = (node: Node) => {
      const term = this.#terms.get(keyOf(node))
      if (term !== undefined) of.set(term.id, count)
      count++
    }
    for (const isNext of [false, true]) {
      all.forEach((oracle, i) => {
        const { order, shifted } = orders[i]!
        for (const column of isNext ? order.slice(0, shifted) : order) {
          place({ degree: 1, source: { kind: 'column', oracle: this.#oracleIndex(oracle), column, isNext } })
        }
      })
    }
    const lists = [
      ['periodic', this.#periodics],
      ['input', this.#inputs],
      ['challenge', this.#challenges],
      ['constant', this.#constants],
    ] as const
    for (const [kind, list] of lists) list.forEach((_, index) => void place({ degree: 0, source: { kind, index } }))
    return { of, count }
  }

  #column(oracle: Oracle, name: string): Column {
    this.#take(name)
    const column = oracle.columns.push(name) - 1
    const read = (isNext: boolean) =>
      this.#term({ degree: 1, source: { kind: 'column', oracle: this.#oracleIndex(oracle), column, isNext } })
    return { here: read(false), next: read(true) }
  }

  #oracleIndex(oracle: Oracle): number {
    if (oracle === this.#main) return -1
    return oracle === this.#auxiliary ? -2 : this.#externals.indexOf(oracle)
  }

  #listed(kind: 'input' | 'challenge', list: string[], name: string): Term {
    return this.#term({ degree: 0, source: { kind, index: list.push(name) - 1 } })
  }

  #constrain(name: string, value: Term, place: Place): void {
    if (value.node.degree === 0) throw this.#wrong(`${name} reads no column`)
    this.#constraints.push({ name, value, place })
  }

  #term(node: Node): Term {
    const key = keyOf(node)
    const known = this.#terms.get(key)
    if (known !== undefined) return known
    const term = new Term(this, this.#terms.size, node)
    this.#terms.set(key, term)
    return term
  }

  #own(value: Expression): Term {
    if (!(value instanceof Term) || value.builder !== this) throw this.#wrong('an expression is of another description')
    return value
  }

  #take(name: string): string {
    if (this.#names.has(name)) throw this.#wrong(`the name ${name} is taken`)
    this.#names.add(name)
    return name
  }

  #wrong(what: string): RangeError {
    return new RangeError(`${this.#name}: ${what}`)
  }
}

function keyOf(node: Node): string {
  if ('operation' in node) return `${node.operation}/${node.a.id}/${node.b.id}`
  const { source } = node
  if (source.kind !== 'column') return `${source.kind}/${source.index}`
  return `column/${source.oracle}/${source.column}/${source.isNext}`
}

function isColumn({ node }: Term, oracle: number, column: number, isNext: boolean): boolean {
  if (!('source' in node)) return false
  const { source } = node
  return source.kind === 'column' && source.oracle === oracle && source.column === column && source.isNext === isNext
}

function isRead(terms: readonly Term[], oracle: number, column: number): boolean {
  return terms.some(term => isColumn(term, oracle, column, false) || isColumn(term, oracle, column, true))
}
