import { NativeSelect, Stack, Text } from '@mantine/core'
import type { TableSchema } from '../../../study/manifest.ts'
import type { CsvCheck } from '../../../training/screen.ts'
import { texts } from '../../texts.ts'
import { Notice } from './Notice.tsx'

interface ColumnMappingProps {
  readonly schema: TableSchema
  readonly check: CsvCheck
  readonly onMap: (column: string, from: string | null) => void
}

/** Which of the file's columns holds which of the study's. Folded away where all were found. */
export function ColumnMapping({ schema, check, onMap }: ColumnMappingProps) {
  const { mapping } = texts.join.data
  const columns = [...schema.features, schema.outcome]
  const labels = new Map(columns.map(({ name, label }) => [name, label ?? name]))
  const isOpen = check.unmapped.length > 0
  return (
    <Stack gap="sm">
      {isOpen ? (
        <Notice kind="attention" isAlert>
          {mapping.unmapped(check.unmapped.map(name => labels.get(name) ?? name))}
        </Notice>
      ) : (
        <Text className="ward-measure">{mapping.found(columns.length)}</Text>
      )}
      <details className="ward-join-details" open={isOpen}>
        <summary>{mapping.heading}</summary>
        <Stack gap="sm" pt="sm" maw={560}>
          {columns.map(({ name, label }) => (
            <NativeSelect
              key={name}
              label={label === undefined || label === name ? name : `${label} (${name})`}
              description={name === schema.outcome.name ? mapping.outcome : undefined}
              error={check.unmapped.includes(name) && mapping.none}
              value={check.mapping[name] ?? ''}
              onChange={event => onMap(name, event.currentTarget.value || null)}
              data={[{ value: '', label: mapping.none }, ...check.columns]}
            />
          ))}
        </Stack>
      </details>
      {check.ignored.length > 0 && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {texts.join.data.ignored(check.ignored)}
        </Text>
      )}
    </Stack>
  )
}
