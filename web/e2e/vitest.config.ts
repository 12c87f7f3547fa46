import { defineConfig } from "vitest/config";

// Browsers are heavy: one file after the other.
export default defineConfig({
  test: { include: ["*.test.ts"], fileParallelism: false, testTimeout: 90_000, hookTimeout: 90_000, retry: 0 },
});
