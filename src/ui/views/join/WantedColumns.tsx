import { Table } from '@mantine/core'
import type { Feature, TableSchema } from '../../../study/manifest.ts'
import { texts } from '../../texts.ts'

/** What a file must have, before one is chosen. */
export function WantedColumns({ schema }: { readonly schema: TableSchema }) {
  const { data } = texts.join
  const { outcome } = schema
  return (
    <details className="ward-join-details">
      <summary>{data.wanted(schema.features.length)}</summary>
      <Table fz="sm" maw={640}>
        <Table.Tbody>
          {schema.features.map(feature => (
            <Table.Tr key={feature.name}>
              <Table.Th scope="row">{feature.name}</Table.Th>
              <Table.Td>{feature.label ?? ''}</Table.Td>
              <Table.Td>{kindOf(feature)}</Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Th scope="row">{outcome.name}</Table.Th>
            <Table.Td>{outcome.label ?? data.mapping.outcome}</Table.Td>
            <Table.Td>{data.kinds.binary}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </details>
  )
}

function kindOf(feature: Feature): string {
  const { kinds } = texts.join.data
  switch (feature.type) {
    case 'number': {
      const kind = kinds.number(feature.min, feature.max)
      return feature.unit === undefined ? kind : `${kind} ${feature.unit}`
    }
    case 'binary':
      return kinds.binary
    case 'category':
      return kinds.category(feature.levels)
  }
}
