import './interval.css'
import { VisuallyHidden } from '@mantine/core'
import type { CSSProperties } from 'react'

interface ConfusionMatrixProps {
  readonly caption: string
  /** Of the rows: what is so. */
  readonly truths: readonly string[]
  /** Of the columns: what the model says. */
  readonly answers: readonly string[]
  /** Heads the rows' names. */
  readonly corner: string
  /** One row for each truth. */
  readonly counts: readonly (readonly number[])[]
  /** Which cells are right: row → column. */
  readonly right: (row: number, column: number) => boolean
  /** A word under each count. */
  readonly words?: readonly (readonly string[])[]
}

/** A table whose cells are the darker the larger their share of the row; right and wrong differ in colour, place and word. */
export function ConfusionMatrix({ caption, truths, answers, corner, counts, right, words }: ConfusionMatrixProps) {
  const isMany = truths.length > 2
  return (
    <table className="ward-confusion" {...(isMany && { 'data-many': true })}>
      <caption>
        <VisuallyHidden>{caption}</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          <th scope="col">{corner}</th>
          {answers.map(answer => (
            <th key={answer} scope="col">
              {answer}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {truths.map((truth, row) => {
          const all = (counts[row] ?? []).reduce((sum, n) => sum + n, 0)
          return (
            <tr key={truth}>
              <th scope="row">{truth}</th>
              {answers.map((answer, column) => {
                const count = counts[row]?.[column] ?? 0
                const style = { '--share': all === 0 ? 0 : count / all } as CSSProperties
                return (
                  <td key={answer} data-kind={right(row, column) ? 'right' : 'wrong'} style={style}>
                    {isMany && count === 0 ? '' : count}
                    {words && <small>{words[row]?.[column]}</small>}
                  </td>
                )
              })}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
