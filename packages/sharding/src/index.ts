export { BUCKETS, BUCKET_SQL, bucketOf } from './bucket.js';
