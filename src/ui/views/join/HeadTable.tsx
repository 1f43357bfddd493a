import { Table } from '@mantine/core'
import { texts } from '../../texts.ts'

interface HeadTableProps {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: readonly { readonly row: number; readonly cells: readonly string[] }[]
  /** Cells that cannot be used, as `row:column`. */
  readonly marked?: ReadonlySet<string>
}

/** The first rows of a file as they are; wide ones scroll inside their frame. */
export function HeadTable({ caption, columns, rows, marked }: HeadTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="ward-join-scroll" tabIndex={0} aria-label={caption}>
      <Table fz="sm" captionSide="top" withRowBorders>
        <Table.Caption ta="left">{caption}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{texts.join.data.row}</Table.Th>
            {columns.map(column => (
              <Table.Th key={column} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ row, cells }) => (
            <Table.Tr key={row}>
              <Table.Td c="dimmed">{row}</Table.Td>
              {columns.map((column, i) => {
                const isBad = marked?.has(`${row}:${column}`) ?? false
                return (
                  <Table.Td key={column} {...(isBad && { c: 'var(--ward-danger)', fw: 600 })}>
                    {isBad && <span aria-hidden="true">⚠ </span>}
                    {cells[i]}
                  </Table.Td>
                )
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}
