#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/test_files.h"

namespace metaconv {
namespace {

TEST(CheckpointConcurrencyTest, ManyThreadsReadAtOnce) {
  const std::string expected = Document(*ReadCheckpoint(FixturePath("sparse.pt"))).dump();
  std::vector<std::thread> threads;
  std::vector<std::string> documents(8);
  for (std::string& document : documents) {
    threads.emplace_back([&document] { document = Document(*ReadCheckpoint(FixturePath("sparse.pt"))).dump(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(documents, testing::Each(expected));
}

}  // namespace
}  // namespace metaconv
