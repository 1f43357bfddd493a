import { Text } from '@mantine/core'
import { AppError, type AppErrorData } from '../../../errors/AppError.ts'

/** What went wrong, where the person acted. Declining is no error: it is said in the same quiet voice as anything else. */
export function ActionError({ error }: { readonly error: AppErrorData }) {
  const { message } = AppError.fromData(error)
  const isDeclined = error.code === 'chain.rejected'
  return (
    <Text role="alert" size="sm" c={isDeclined ? 'dimmed' : 'var(--ward-danger)'} className="ward-measure">
      {!isDeclined && <span aria-hidden="true">■ </span>}
      {message}
    </Text>
  )
}
