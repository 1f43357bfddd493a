import { useQuery } from '@tanstack/react-query'
import { loadSite, type Site } from '../app/site.ts'

/** What this page was served with; undefined while it is read. One read for all who ask. */
export function useSite(): Site | undefined {
  return useQuery({ queryKey: ['site'], queryFn: ({ signal }) => loadSite(signal), staleTime: Infinity }).data
}
