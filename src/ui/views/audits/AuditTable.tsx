import { Group, Table } from '@mantine/core'
import type { ReactNode } from 'react'
import { type AuditRow, rowId } from '../../../app/desks/auditsView.ts'
import { nameFor } from '../../../app/people.ts'
import type { Address } from '../../../study/types.ts'
import { HospitalMark } from '../../components/HospitalMark.tsx'
import { auditsTexts } from '../../texts/audits.ts'
import { gasText } from '../../wallet/amounts.ts'
import { markOf } from '../live/who.ts'

interface AuditTableProps {
  readonly rows: readonly AuditRow[]
  readonly members: readonly Address[]
  readonly people: Readonly<Record<string, string>>
  /** What stands below an audit, over all columns; null for nothing. */
  readonly below?: (row: AuditRow, hospital: string) => ReactNode
}

/** A study's audits: round, hospital, what came of it, and what it took. */
export function AuditTable({ rows, members, people, below }: AuditTableProps) {
  const { columns, caption, noGas } = auditsTexts
  return (
    <div className="ward-table-scroll">
      <Table verticalSpacing={4} aria-label={caption}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{columns.round}</Table.Th>
            <Table.Th scope="col">{columns.hospital}</Table.Th>
            <Table.Th scope="col">{columns.verdict}</Table.Th>
            <Table.Th scope="col" ta="right">
              {columns.gas}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        {rows.map(row => {
          const { round, hospital, transaction } = row.record
          const name = nameFor(people, hospital)
          const under = below?.(row, name) ?? null
          return (
            <Table.Tbody key={rowId(row)}>
              <Table.Tr
                data-testid="audit-row"
                data-verdict={row.verdict}
                {...(under !== null && { style: { borderBottom: 'none' } })}
              >
                <Table.Td>{round}</Table.Td>
                <Table.Th scope="row" fw={400} title={hospital}>
                  <Group gap="xs" wrap="nowrap">
                    <HospitalMark number={markOf(members, hospital) ?? 1} />
                    <span>{name}</span>
                  </Group>
                </Table.Th>
                <Table.Td>
                  <Verdict row={row} />
                </Table.Td>
                <Table.Td ta="right">{transaction ? gasText(transaction.gasUsed) : noGas}</Table.Td>
              </Table.Tr>
              {under !== null && (
                <Table.Tr>
                  <Table.Td colSpan={4}>{under}</Table.Td>
                </Table.Tr>
              )}
            </Table.Tbody>
          )
        })}
      </Table>
    </div>
  )
}

function Verdict({ row: { verdict } }: { readonly row: AuditRow }) {
  const { mark, text } = auditsTexts.verdicts[verdict]
  const isBad = verdict === 'noProof' || verdict === 'noReveal'
  return (
    <span style={isBad ? { color: 'var(--ward-danger)' } : undefined}>
      <span aria-hidden="true">{mark}</span> {text}
    </span>
  )
}
