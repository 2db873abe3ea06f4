// Tests that a program that links @libtorch//:torch runs, with operators and autograd registered.

#include <thread>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/ones.h"
#include "gtest/gtest.h"

namespace {

TEST(Torch, RunsOperators) {
  const at::Tensor tensor = at::ones({2, 3}).t();
  EXPECT_EQ(tensor.sum().item<float>(), 6);
  EXPECT_TRUE(at::empty_strided({2, 3}, {3, 1}, at::kMeta).is_meta());
}

TEST(Torch, RunsAutograd) {
  const at::Tensor leaf = at::ones({3}, at::kFloat).requires_grad_();
  (leaf * 2).sum().backward();
  EXPECT_EQ(leaf.grad().sum().item<float>(), 6);
}

TEST(Torch, RaisesExceptions) { EXPECT_THROW(at::ones({2}).view({3}), c10::Error); }

TEST(Torch, RunsInThreads) {
  const at::Tensor shared = at::ones({4, 4});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared] {
      for (int j = 0; j < 100; ++j) {
        const at::Tensor view = shared.slice(0, 0, 2);
        EXPECT_EQ(at::empty_like(view, at::kMeta).size(0), 2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
