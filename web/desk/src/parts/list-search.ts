// What a list is searched for and sorted by, as it stands in the address.
export interface ListSearch {
  q?: string;
  sort?: string; // "name" or "-name"
}

export function listSearch(search: Record<string, unknown>): ListSearch {
  return {
    ...(typeof search.q === 'string' && search.q ? {q: search.q} : {}),
    ...(typeof search.sort === 'string' && search.sort ? {sort: search.sort} : {}),
  };
}
