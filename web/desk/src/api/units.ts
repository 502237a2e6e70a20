import {useQuery} from '@tanstack/react-query';
import {api, type Schemas, take} from './client';

// The parts of the company that sources and members name, and what lies above these. There is no list of them elsewhere.
export function useUnits() {
  return useQuery({
    queryKey: ['units'],
    queryFn: async () => {
      const [sources, members] = await Promise.all([
        take(api.GET('/api/v1/sources', {params: {query: {limit: 200}}})),
        take(api.GET('/api/v1/staff', {params: {query: {limit: 200}}})),
      ]);
      const units = new Set<string>();
      for (const {unit} of [...sources.items, ...members.items]) {
        const names = unit.split('/').filter(Boolean);
        names.forEach((_, index) => units.add(names.slice(0, index + 1).join('/')));
      }
      return [...units].sort();
    },
  });
}

export function useRoles() {
  return useQuery({queryKey: ['roles'], queryFn: () => take(api.GET('/api/v1/roles')), staleTime: Infinity});
}

// Whether who has a role may, or must, be limited to a part of the company.
export function useUnitUse(role: Schemas['Role']): 'none' | 'optional' | 'required' {
  return useRoles().data?.items.find(known => known.name === role)?.unit ?? 'none';
}
