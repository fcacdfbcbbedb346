//===- ControlFlowImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addControlFlowImporters(ImporterTable &table) {}
