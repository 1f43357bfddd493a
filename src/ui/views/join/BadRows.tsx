import { Checkbox, Table, Text } from '@mantine/core'
import type { CsvCheck } from '../../../training/screen.ts'
import { texts } from '../../texts.ts'
import { Notice } from './Notice.tsx'

/** Shown at once; a page of them helps nobody. */
const SHOWN = 20

interface BadRowsProps {
  readonly check: CsvCheck
  readonly leaveOut: boolean
  readonly onLeaveOut: (leave: boolean) => void
}

/** The cells that cannot be used, by row and column as a spreadsheet counts, and the choice to leave their rows out. */
export function BadRows({ check, leaveOut, onLeaveOut }: BadRowsProps) {
  const { problems } = texts.join.data
  const shown = check.problems.slice(0, SHOWN)
  return (
    <Notice kind="danger" isAlert heading={problems.heading(check.bad)}>
      <div className="ward-join-scroll">
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{problems.row}</Table.Th>
              <Table.Th scope="col">{problems.column}</Table.Th>
              <Table.Th scope="col">{problems.value}</Table.Th>
              <Table.Th scope="col">{problems.expected}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ row, column, value, expected }) => (
              <Table.Tr key={`${row}:${column}`}>
                <Table.Td>{row}</Table.Td>
                <Table.Td>{column}</Table.Td>
                <Table.Td>“{value}”</Table.Td>
                <Table.Td>{expected}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {check.problems.length > SHOWN && <Text size="sm">{problems.more(check.problems.length - SHOWN)}</Text>}
      <Text size="sm" className="ward-measure">
        {problems.hint}
      </Text>
      <Checkbox
        checked={leaveOut}
        onChange={event => onLeaveOut(event.currentTarget.checked)}
        label={problems.leaveOut(check.bad, check.complete)}
      />
    </Notice>
  )
}
