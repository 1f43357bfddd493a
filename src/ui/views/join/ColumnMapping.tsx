import { NativeSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { TableSchema } from '../../../study/manifest.ts'
import type { CsvCheck } from '../../../training/screen.ts'
import { texts } from '../../texts.ts'
import { Notice } from './Notice.tsx'

interface ColumnMappingProps {
  readonly schema: TableSchema
  readonly check: CsvCheck
  readonly onMap: (column: string, from: string | null) => void
}

/**
 * Which of the file's columns holds which of the study's: those that were not found stand open, the others are folded away.
 * To be keyed by the file: what stood open stays open when it is answered, or the keyboard's focus would be lost.
 */
export function ColumnMapping({ schema, check, onMap }: ColumnMappingProps) {
  const { mapping } = texts.join.data
  const [asked] = useState(() => new Set(check.unmapped))
  const columns = [...schema.features, schema.outcome]
  const labels = new Map(columns.map(({ name, label }) => [name, label ?? name]))
  const select = ({ name, label }: (typeof columns)[number]) => (
    <NativeSelect
      key={name}
      label={label === undefined || label === name ? name : `${label} (${name})`}
      description={name === schema.outcome.name ? mapping.outcome : undefined}
      error={check.unmapped.includes(name) && mapping.missing}
      value={check.mapping[name] ?? ''}
      onChange={event => onMap(name, event.currentTarget.value || null)}
      data={[{ value: '', label: mapping.none }, ...check.columns]}
    />
  )
  return (
    <Stack gap="sm">
      {check.unmapped.length > 0 ? (
        <Notice kind="attention" isAlert>
          {mapping.unmapped(check.unmapped.map(name => labels.get(name) ?? name))}
        </Notice>
      ) : (
        <Text className="ward-measure">{mapping.found(columns.length)}</Text>
      )}
      {asked.size > 0 && (
        <Stack gap="sm" maw={560}>
          {columns.filter(({ name }) => asked.has(name)).map(select)}
        </Stack>
      )}
      <details className="ward-join-details">
        <summary>{mapping.heading}</summary>
        <Stack gap="sm" pt="sm" maw={560}>
          {columns.filter(({ name }) => !asked.has(name)).map(select)}
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
