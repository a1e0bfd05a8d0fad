/** Positions per page of the cache. */
export const CACHE_PAGE = 64;
